import type {
  CaptureBuffer,
  CaptureHeader,
  Clock,
  EventType,
  Field,
  LineCounts,
} from '../parser.ts';
import type { Boot } from './boots.ts';
import { KERNEL_LOG, WALL_CLOCK } from './log-printer.ts';
import type { LogSurvey } from './log-survey.ts';

const BOOTS_SHOWN = 20;

export function headerOf(survey: LogSurvey, sizeBytes: number): CaptureHeader {
  const { boots } = survey;
  const clock = clockOf(survey);
  const uname = unameOf(survey);
  return {
    format: KERNEL_LOG,
    version: prefixOf(survey),
    // text has no byte order
    endian: 'little',
    clock,
    cpus: 1 + boots.reduce((most, boot) => Math.max(most, boot.lastCpu), 0),
    buffers: boots.map((boot) => bufferOf(boot, boots.length, clock.name)),
    eventTypes: [consoleType(survey)],
    ...(uname === undefined ? {} : { uname }),
    sizeBytes,
    isLog: true,
    lines: countsOf(survey),
    facts: factsOf(survey),
  };
}

function countsOf({ lines }: LogSurvey): LineCounts {
  const { records, continued, foreign, folded, skipped, unknown } = lines;
  return {
    total: records + continued + foreign + folded + skipped + unknown,
    unrecognised: unknown,
  };
}

/** `printk` is the time in brackets: local_clock(), since the start of the kernel. */
function clockOf(survey: LogSurvey): Clock {
  const { boots, hasTime, hasKernelTime } = survey;
  if (!hasTime) return { name: 'order of lines', unit: 'ticks', base: 1n };
  const first = boots.find((boot) => boot.start === 0);
  const us = (first?.hasKernelTime ? first.kernelFirst : first?.wallFirst) ?? 0;
  const base = nanoseconds(us);
  if (!hasKernelTime) return { name: isDated(survey) ? 'realtime' : WALL_CLOCK, unit: 'ns', base };
  if (boots.length > 1) {
    return { name: 'printk', unit: 'ns', base, converted: 'laying its boots one after another' };
  }
  const wall = first?.wallStart ?? Number.NaN;
  if (Number.isNaN(wall) || !isDated(survey)) return { name: 'printk', unit: 'ns', base };
  return { name: 'printk', unit: 'ns', base, wall: { clock: base, wall: nanoseconds(wall) } };
}

/** The wall clock is that of the world, not one of an unknown zone or year. */
function isDated({ clock }: LogSurvey): boolean {
  return !(clock.lacksYear || clock.lacksDate || clock.lacksZone);
}

function nanoseconds(us: number): bigint {
  return BigInt(Number.isNaN(us) ? 0 : us) * 1000n;
}

/** The one most lines have. */
function prefixOf({ prefixes }: LogSurvey): string {
  const [most] = [...prefixes].sort(([, a], [, b]) => b - a);
  return most?.[0] ?? 'no time';
}

/** The only boot of a log needs a name only where it has one. */
function bufferOf(boot: Boot, boots: number, clock: string): CaptureBuffer {
  const { index, id, cpus, hasKernelTime, kernelFirst, start } = boot;
  const name = id ?? (boots === 1 ? '' : `boot ${index + 1}`);
  // its own kernel's time, wherever the boot stands in the time of the capture
  const base = hasKernelTime && start > 0 ? { base: BigInt(kernelFirst - start) * 1000n } : {};
  return { name, clock, cpus: [...cpus].sort((a, b) => a - b), ...base };
}

/** As the kernel's own event (include/trace/events/printk.h), with what only a log tells. */
function consoleType({ hasLevel, hasCaller }: LogSurvey): EventType {
  const fields: Field[] = [
    { name: 'msg', declaration: 'char[] msg', kind: 'string', signed: false, size: 0 },
  ];
  if (hasLevel) {
    fields.push({
      name: 'level',
      declaration: 'int level',
      kind: 'integer',
      signed: true,
      size: 4,
    });
  }
  if (hasCaller) {
    fields.push({
      name: 'caller',
      declaration: 'char[] caller',
      kind: 'string',
      signed: false,
      size: 0,
    });
  }
  return { index: 0, id: -1, system: 'printk', name: 'console', fields, printFormat: '' };
}

/** `Linux version 6.12.1-x (user@host) (gcc …) #1 SMP …` in the words of uname -a. */
function unameOf({ version, host }: LogSurvey): string | undefined {
  const [, release, rest = ''] = /^Linux version (\S+)(.*)/.exec(version ?? '') ?? [];
  if (release === undefined) return undefined;
  const build = /#\d.*/.exec(rest)?.[0];
  return ['Linux', host === '' ? 'unknown' : host, release, build].filter(Boolean).join(' ');
}

function factsOf(survey: LogSurvey): Record<string, string> {
  const { lines, prefixes, boots } = survey;
  const facts: Record<string, string> = {
    records: `${lines.records}; ${lines.continued} lines that continue one, ${lines.foreign} of other programs, ${lines.skipped + lines.folded} without content`,
    'time stamps': [...prefixes].map(([prefix, count]) => `${prefix} (${count})`).join(', '),
  };
  if (survey.host !== '') facts.host = survey.host;
  if (boots.length === 1 && Number.isNaN(boots[0]?.wallFirst)) return facts;
  for (const boot of boots.slice(0, BOOTS_SHOWN)) {
    facts[`boot ${boot.index + 1}`] = bootText(boot, survey.clock.lacksYear);
  }
  if (boots.length > BOOTS_SHOWN) facts.boots = String(boots.length);
  return facts;
}

function bootText(boot: Boot, lacksYear: boolean): string {
  const parts = [`${boot.records} records`];
  if (boot.hasKernelTime) {
    parts.push(`kernel time ${seconds(boot.kernelFirst)} to ${seconds(boot.kernelLast)}`);
  }
  if (!Number.isNaN(boot.wallFirst)) {
    const date = new Date(boot.wallFirst / 1000).toISOString().slice(0, 19);
    parts.push(`wall clock from ${lacksYear ? date.slice('2000-'.length) : date}`);
  }
  if (boot.start > 0) parts.push(`shown ${seconds(boot.start)} s after the first record`);
  return parts.join(', ');
}

function seconds(us: number): string {
  return (us / 1_000_000).toFixed(6);
}
