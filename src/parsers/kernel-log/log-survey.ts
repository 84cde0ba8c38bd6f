import type { TextSource } from '../text/text-source.ts';
import { type Boot, BootTracker, layOut, VERSION_TEXT } from './boots.ts';
import { readLog } from './log-reader.ts';
import type { LogNotes, LogRecord } from './log-record.ts';
import type { LogStyle } from './log-style.ts';
import type { Prefix } from './time-formats.ts';
import { WallClock } from './wall-clock.ts';

/** A console that cannot follow says so again and again. */
const MOST_GAPS = 10_000;
const SAMPLE_CHARACTERS = 100;

/** Where a record stands. */
export interface LogPlace {
  readonly boot: Boot;
  readonly kernel: number;
  readonly wall: number;
}

/** Records the log itself says are missing. */
export interface LogGap {
  /** null when it does not say how many. */
  readonly records: number | null;
  readonly from: LogPlace | undefined;
  to: LogPlace | undefined;
}

/** Lines of the log by what became of them. */
export interface LineCounts {
  records: number;
  continued: number;
  foreign: number;
  folded: number;
  skipped: number;
  unknown: number;
  cut: number;
}

/** What has to be known before the first record can be given out. */
export class LogSurvey implements LogNotes {
  readonly style: LogStyle;
  readonly boots: readonly Boot[];
  readonly clock: WallClock = new WallClock();
  readonly lines: LineCounts = {
    records: 0,
    continued: 0,
    foreign: 0,
    folded: 0,
    skipped: 0,
    unknown: 0,
    cut: 0,
  };
  readonly gaps: LogGap[] = [];
  readonly prefixes: Map<Prefix, number> = new Map();
  hasLevel = false;
  hasCaller = false;
  host = '';
  /** Of the first boot that tells. */
  version: string | undefined;
  firstUnknown = '';
  readonly #tracker: BootTracker;
  /** The last record. */
  #last: LogPlace | undefined;
  /** The gaps that wait for a record. */
  readonly #open: LogGap[] = [];

  constructor(source: TextSource, style: LogStyle) {
    this.style = style;
    this.#tracker = new BootTracker(style.isNewestFirst);
    this.boots = this.#tracker.boots;
    for (const record of readLog(source, style, this, this.clock)) this.#see(record);
    layOut(this.boots);
  }

  get hasTime(): boolean {
    return this.boots.some((boot) => !Number.isNaN(boot.hasKernelTime ? 0 : boot.wallFirst));
  }

  get hasKernelTime(): boolean {
    return this.boots.some((boot) => boot.hasKernelTime);
  }

  boot(id: string | undefined): void {
    this.lines.skipped++;
    this.#tracker.mark(id);
  }

  lost(records: number | null): void {
    if (this.gaps.length >= MOST_GAPS) return;
    const gap: LogGap = { records, from: this.#last, to: undefined };
    this.gaps.push(gap);
    this.#open.push(gap);
  }

  foreign(): void {
    this.lines.foreign++;
  }

  continued(): void {
    this.lines.continued++;
  }

  folded(): void {
    this.lines.folded++;
  }

  skipped(): void {
    this.lines.skipped++;
  }

  unknown(line: string): void {
    if (this.lines.unknown++ === 0) this.firstUnknown = line.trim().slice(0, SAMPLE_CHARACTERS);
  }

  cut(): void {
    this.lines.cut++;
  }

  #see(record: LogRecord): void {
    this.lines.records++;
    const { kernel, wall, prefix, level, caller, host, msg } = record;
    this.prefixes.set(prefix, (this.prefixes.get(prefix) ?? 0) + 1);
    const boot = this.#tracker.place(record);
    this.#last = { boot, kernel, wall };
    for (const gap of this.#open.splice(0)) gap.to = this.#last;
    this.hasLevel ||= level >= 0;
    this.hasCaller ||= caller !== '';
    if (this.host === '') this.host = host;
    if (this.version === undefined && msg.startsWith(VERSION_TEXT)) this.version = msg;
  }
}
