import { LEVEL_MASK, LEVELS } from './line-head.ts';
import type { LogNotes, LogRecord } from './log-record.ts';
import type { Prefix } from './time-formats.ts';

/** The fields of one entry of the journal (man systemd.journal-fields) that are of use here. */
export type JournalEntry = ReadonlyMap<string, string>;

const USED: ReadonlySet<string> = new Set([
  'MESSAGE',
  'PRIORITY',
  'SYSLOG_IDENTIFIER',
  '_TRANSPORT',
  '_BOOT_ID',
  '_HOSTNAME',
  '_SOURCE_MONOTONIC_TIMESTAMP',
  '__MONOTONIC_TIMESTAMP',
  '__REALTIME_TIMESTAMP',
]);
const CALLER = /^\[\s*([TC]\d{1,10})\] /;
const MISSED = /^Missed (\d{1,9}) kernel messages/;
const OVERRUN = /\/dev\/kmsg buffer overrun, some messages lost/;

export function isUsed(name: string): boolean {
  return USED.has(name);
}

/** The entry as a record; undefined where it is not the kernel's, or none at all, and that is noted. */
export function recordOf(
  entry: JournalEntry,
  prefix: Prefix,
  notes: LogNotes,
): LogRecord | undefined {
  const msg = entry.get('MESSAGE');
  if (!isKernel(entry)) {
    notes.foreign();
    noteLoss(msg ?? '', notes);
    return undefined;
  }
  if (msg === undefined) {
    notes.unknown('an entry without MESSAGE');
    return undefined;
  }
  // dmesg leaves it to the text
  const [prefixed, caller = ''] = CALLER.exec(msg) ?? [''];
  return {
    kernel: microseconds(
      entry.get('_SOURCE_MONOTONIC_TIMESTAMP') ?? entry.get('__MONOTONIC_TIMESTAMP'),
    ),
    wall: microseconds(entry.get('__REALTIME_TIMESTAMP')),
    level: levelOf(entry.get('PRIORITY') ?? ''),
    caller,
    host: entry.get('_HOSTNAME') ?? '',
    boot: entry.get('_BOOT_ID'),
    prefix,
    msg: msg.slice(prefixed.length),
  };
}

/** A number, or from dmesg --json -x a name. */
function levelOf(priority: string): number {
  return /^\d{1,3}$/.test(priority) ? Number(priority) & LEVEL_MASK : LEVELS.indexOf(priority);
}

/** Entries printed with --output-fields may not tell. */
function isKernel(entry: JournalEntry): boolean {
  const transport = entry.get('_TRANSPORT');
  if (transport !== undefined) return transport === 'kernel';
  return (entry.get('SYSLOG_IDENTIFIER') ?? 'kernel') === 'kernel';
}

/** journald tells when it was too slow for the kernel (journald-kmsg.c). */
export function noteLoss(msg: string, notes: LogNotes): void {
  const [, missed] = MISSED.exec(msg) ?? [];
  if (missed !== undefined) notes.lost(Number(missed));
  else if (OVERRUN.test(msg)) notes.lost(null);
}

function microseconds(text: string | undefined): number {
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
}
