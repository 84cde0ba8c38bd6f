/** What a capture holds, on the terminal. */
import type { Inspection } from '../analyzers/inspect.ts';
import { inputRows, recordedText } from './inputs.ts';
import { recordingCommands } from './recording.ts';
import type { TextStyle } from './text-style.ts';
import { count, counted, formatBytes, type TimeFormat, timeFormat } from './units.ts';
import { visible } from './visible.ts';
import { columns } from './wrap.ts';

/** More losses than this are only counted. */
const LOSSES_SHOWN = 10;

export function renderInfo(inspection: Inspection, style: TextStyle, width: number): string {
  const time = timeFormat(inspection.capture.clock);
  const sections = [
    facts(inspection, time, width),
    buffers(inspection, style),
    eventTypes(inspection, style, time),
    losses(inspection, style, time),
    skipped(inspection, style, width),
    detectors(inspection, style, width),
  ];
  return `${sections.filter(Boolean).join('\n\n')}\n`;
}

function facts(inspection: Inspection, time: TimeFormat, width: number): string {
  const { capture } = inspection;
  const { clock } = capture;
  const unit = clock.unit === 'ticks' ? ', in ticks of unknown length' : '';
  const converted = clock.converted === undefined ? '' : `, converted by ${clock.converted}`;
  const rows: [string, string][] = [
    ...captureRows(capture),
    [
      'Format',
      `${[capture.format, visible(capture.version)].filter(Boolean).join(' ')}, ${capture.endian} endian`,
    ],
    ['Kernel', visible(capture.uname ?? 'not recorded')],
    ['Clock', `${visible(clock.name)}${unit}${converted}`],
    ['Recorded', recordedText(capture, time)],
    ['CPUs', capture.cpus > 0 ? count(capture.cpus) : 'not recorded'],
    ['Events', events(capture)],
    ...lineRows(inspection),
    ...Object.entries(capture.facts).map(([name, value]): [string, string] => [
      visible(name),
      visible(value),
    ]),
  ];
  return columns(rows, width);
}

/** `1,234 of 12 types, 3 of which are used: of the others no conclusion is drawn`. */
function events(capture: Inspection['capture']): string {
  const types = occurring(capture);
  const used = types.filter(({ selected }) => selected).length;
  const all = `${count(capture.events)} of ${counted(types.length, 'type')}`;
  if (used === types.length) return all;
  return `${all}, ${used === 0 ? 'none' : count(used)} of which ${used === 1 ? 'is' : 'are'} used: from the others nothing is concluded`;
}

function lineRows({ lines }: Inspection): [string, string][] {
  return lines.map(({ path, total, unrecognised }, n) => {
    const which = lines.length > 1 ? `${visible(path)}: ` : '';
    const rest = unrecognised === 0 ? 'all recognised' : `${count(unrecognised)} not recognised`;
    return [n > 0 ? '' : 'Lines', `${which}${count(total)}, ${rest}`];
  });
}

function captureRows(capture: Inspection['capture']): [string, string][] {
  if (capture.inputs.length === 1) {
    return [['Capture', `${visible(capture.path)} (${formatBytes(capture.sizeBytes)})`]];
  }
  return inputRows(capture).map(([name, text]) => [name, visible(text)]);
}

function buffers({ capture }: Inspection, style: TextStyle): string {
  if (capture.cpus === 0) return '';
  const rows = capture.buffers.map(
    (buffer) =>
      [
        `  ${buffer.name === '' ? '(top)' : visible(buffer.name)}`,
        `${cpusOf(buffer.cpus)}; clock ${visible(buffer.clock)}`,
      ] as const,
  );
  return rows.length === 0 ? '' : `${style.strong('Buffers')}\n${columns(rows, 1000)}`;
}

function cpusOf(cpus: readonly number[]): string {
  if (cpus.length === 0) return 'of no CPU';
  return `${counted(cpus.length, 'CPU')} with data: ${ranges(cpus)}`;
}

/** `0-3, 8`. */
function ranges(numbers: readonly number[]): string {
  const sorted = [...numbers].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let n = 0; n < sorted.length; ) {
    let last = n;
    while (sorted[last + 1] === (sorted[last] ?? 0) + 1) last += 1;
    parts.push(last > n ? `${sorted[n]}-${sorted[last]}` : String(sorted[n]));
    n = last + 1;
  }
  return parts.join(', ');
}

function occurring(capture: Inspection['capture']): Inspection['capture']['eventTypes'] {
  return capture.eventTypes.filter((type) => type.events > 0);
}

function eventTypes({ capture }: Inspection, style: TextStyle, time: TimeFormat): string {
  const types = [...occurring(capture)].sort((a, b) => b.events - a.events);
  if (types.length === 0) return 'No events.';
  const rows = types.map((type) => [
    visible(type.system === '' ? type.name : `${type.system}:${type.name}`),
    count(type.events),
    time.moment(type.first ?? 0),
    time.moment(type.last ?? 0),
    type.selected ? 'used' : 'only counted',
  ]);
  return `${style.strong('Events')}\n${aligned([['', 'number', 'first', 'last', ''], ...rows])}`;
}

/** Columns as wide as their widest cell; the numbers in the middle to the right. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, n) => Math.max(...rows.map((row) => row[n]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, n) => {
          const width = widths[n] ?? 0;
          return n === 0 || n === row.length - 1 ? cell.padEnd(width) : cell.padStart(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `  ${line}`)
    .join('\n');
}

function losses(inspection: Inspection, style: TextStyle, time: TimeFormat): string {
  const { losses: list } = inspection;
  if (list.length === 0) return `${style.strong('Lost')}\n  no events`;
  const lines = list.slice(0, LOSSES_SHOWN).map((loss) => {
    const number = loss.events === null ? 'unknown number' : count(loss.events);
    const from = loss.from === null ? 'the start' : time.moment(loss.from);
    const to = loss.to === null ? 'the end' : time.moment(loss.to);
    const buffer = loss.buffer === '' ? '' : ` of ${visible(loss.buffer)}`;
    const cpu = loss.cpu < 0 ? 'any CPU' : `CPU ${loss.cpu}`;
    return `  ${cpu}${buffer}: ${number} ${loss.kind}, from ${from} to ${to}`;
  });
  const more = list.length - lines.length;
  if (more > 0) lines.push(`  and in ${counted(more, 'more place')}`);
  return [style.bad('Lost'), ...lines].join('\n');
}

/** What a severity says of the part a problem is about. */
const WEIGHTS = { error: 'error', 'data-loss': 'not read', info: 'note' } as const;

function skipped({ problems }: Inspection, style: TextStyle, width: number): string {
  if (problems.length === 0) return `${style.strong('Skipped')}\n  nothing`;
  const ordered = (['error', 'data-loss', 'info'] as const).flatMap((severity) =>
    problems.filter((problem) => problem.severity === severity),
  );
  const rows = ordered.map(
    (problem) =>
      [
        `  ${WEIGHTS[problem.severity]}`,
        `${visible(problem.message)}${problem.count > 1 ? ` (${count(problem.count)} times)` : ''}`,
      ] as const,
  );
  return `${style.strong('Skipped, and notes')}\n${columns(rows, width)}`;
}

function detectors(inspection: Inspection, style: TextStyle, width: number): string {
  // one that needs nothing looks at the recording itself
  const looking = inspection.detectors.filter(({ meta }) => meta.needs.length > 0);
  const rows = looking.map(({ meta, missing, blunt }) => {
    const words = (needs: typeof missing) => needs.map(({ what }) => what).join('; ');
    if (missing.length > 0) {
      return [`  ${meta.id}`, `cannot decide, not recorded: ${words(missing)}`] as const;
    }
    return [
      `  ${meta.id}`,
      blunt.length > 0 ? `can decide; would say more with ${words(blunt)}` : 'can decide',
    ] as const;
  });
  const able = looking.filter(({ missing }) => missing.length === 0).length;
  const enable = new Set(
    inspection.detectors.flatMap(({ missing }) => missing.flatMap((need) => need.enable)),
  );
  const commands = recordingCommands([...enable])
    .split('\n')
    .filter(Boolean);
  const lines = [
    `${style.strong('Detectors')}: ${able === 0 ? 'none' : count(able)} of ${looking.length} can decide`,
    columns(rows, width),
    ...inspection.doubts.map((doubt) => visible(`  but ${doubt}`)),
  ];
  if (commands.length > 0) {
    lines.push('To let all of them decide, record with:', ...commands.map((line) => `  ${line}`));
  }
  return lines.join('\n');
}
