import type { Prefix } from './time-formats.ts';

/** One record of the kernel's log. */
export interface LogRecord {
  /** µs the kernel counted; NaN when the log does not tell. */
  readonly kernel: number;
  /** µs since 1970; NaN when the log does not tell. */
  readonly wall: number;
  /** 0 to 7; -1 when the log does not tell. */
  readonly level: number;
  /** `T340` or `C1`; empty when the log does not tell. */
  readonly caller: string;
  readonly host: string;
  /** 32 hexadecimal digits; undefined when the record does not tell. */
  readonly boot: string | undefined;
  readonly prefix: Prefix;
  /** Lines that go on without a prefix are joined with line feeds. */
  msg: string;
}

/** What happens between records. */
export interface LogNotes {
  /** Another boot follows; its id where the log tells it. */
  boot(id: string | undefined): void;
  /** The reader of the log was too slow, ahead of the next record; null when it does not say by how many. */
  lost(records: number | null): void;
  /** A record of another program. */
  foreign(): void;
  /** A line that belongs to a record. */
  continued(): void;
  /** Somebody left lines out: `[...]`. */
  folded(): void;
  /** Says nothing: empty lines and headings. */
  skipped(): void;
  unknown(line: string): void;
  cut(): void;
}

export const SILENT: LogNotes = {
  boot() {},
  lost() {},
  foreign() {},
  continued() {},
  folded() {},
  skipped() {},
  unknown() {},
  cut() {},
};

const MOST_CPU = 65_535;
const MOST_TID = 0x7fff_ffff;
const UNKNOWN = -1;

/** `C1` is CPU 1; -1 where the log does not tell (kernel/printk/printk.c, printk_caller_id). */
export function cpuOf(caller: string): number {
  return numberOf(caller, 'C', MOST_CPU);
}

/** `T340` is thread 340; -1 where the log does not tell. */
export function tidOf(caller: string): number {
  return numberOf(caller, 'T', MOST_TID);
}

function numberOf(caller: string, kind: string, most: number): number {
  if (!caller.startsWith(kind)) return UNKNOWN;
  const number = Number(caller.slice(1));
  return number <= most ? number : UNKNOWN;
}
