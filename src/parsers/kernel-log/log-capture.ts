import { TraceError } from '../../errors.ts';
import type {
  Capture,
  CaptureHeader,
  EventBatch,
  EventType,
  EventTypeCount,
  Fields,
  Loss,
  Problem,
  ReadOptions,
} from '../parser.ts';
import { progressOf } from '../read-options.ts';
import { TextSource } from '../text/text-source.ts';
import { BootTracker } from './boots.ts';
import { styleOf } from './first-look.ts';
import { headerOf } from './log-header.ts';
import { problemsOf } from './log-problems.ts';
import { readLog } from './log-reader.ts';
import { type LogNotes, SILENT } from './log-record.ts';
import { LogRows } from './log-rows.ts';
import type { LogStyle } from './log-style.ts';
import { type LogGap, type LogPlace, LogSurvey } from './log-survey.ts';
import { LogTime, timeInBoot } from './log-time.ts';
import { turnedRound } from './turn-round.ts';

/** A loss that may be on any CPU. */
const ANY_CPU = -1;
/** The times of a log are in µs. */
const NS = 1000;

/** @throws TraceError when there is no record of the kernel. */
export function openLog(path: string): Capture {
  const source = new TextSource(path);
  let used = source;
  try {
    const style = styleOf(source);
    if (style.isNewestFirst) {
      used = turnedRound(path, style);
      source.close();
    }
    return new LogCapture(path, used, style, source.size);
  } catch (error) {
    used.close();
    source.close();
    throw error;
  }
}

/** A log has no table of contents: it is read once for its boots and their times, once for the records. */
class LogCapture implements Capture {
  readonly header: CaptureHeader;
  readonly counts: readonly EventTypeCount[];
  readonly losses: readonly Loss[];
  readonly #source: TextSource;
  readonly #survey: LogSurvey;
  readonly #problems: Problem[];
  #isWalked = false;

  constructor(path: string, source: TextSource, style: LogStyle, sizeBytes: number) {
    this.#source = source;
    this.#survey = new LogSurvey(source, style);
    const { records, foreign } = this.#survey.lines;
    if (records === 0) {
      throw new TraceError(
        `${path} holds no line of the kernel${foreign > 0 ? ', only of other programs' : ''}`,
        { hint: 'save the log with `dmesg`, or with `journalctl -k -o short-monotonic`' },
      );
    }
    this.header = headerOf(this.#survey, sizeBytes);
    this.losses = this.#survey.gaps.map(lossOf);
    this.counts = [{ events: records, first: 0, last: lastOf(this.#survey) }];
    this.#problems = problemsOf(this.#survey);
  }

  get problems(): readonly Problem[] {
    return this.#problems;
  }

  *batches(options: ReadOptions = {}): Generator<EventBatch, void, undefined> {
    if (this.#isWalked) throw new Error('the batches of a capture can be walked once');
    this.#isWalked = true;
    const [type] = this.header.eventTypes;
    if (type && options.select?.(type) === 'count') return;
    const rows = new LogRows();
    const tracker = new BootTracker(this.#survey.style.isNewestFirst);
    const time = new LogTime(this.#survey.boots);
    const notes: LogNotes = { ...SILENT, boot: (id) => tracker.mark(id) };
    let ordinal = 0;
    const progress = progressOf(() => this.#source.consumed, options);
    for (const record of readLog(this.#source, this.#survey.style, notes)) {
      const { index } = tracker.place(record);
      const ts = this.#survey.hasTime ? time.of(record, index) * NS : ordinal;
      rows.add(record, ++ordinal, ts, index);
      progress();
      if (!rows.isFull) continue;
      yield rows;
      rows.length = 0;
    }
    if (rows.length > 0) yield rows;
  }

  comm(): undefined {
    return undefined;
  }

  symbol(): undefined {
    return undefined;
  }

  print(_type: EventType, { msg }: Fields): string {
    return typeof msg === 'string' ? msg : '';
  }

  close(): void {
    this.#source.close();
  }
}

function lastOf({ boots, hasTime, lines }: LogSurvey): number {
  if (!hasTime) return lines.records - 1;
  return Math.max(...boots.map(({ start, length }) => start + length)) * NS;
}

function lossOf({ records, from, to }: LogGap): Loss {
  const [left, right] = [relative(from), relative(to)];
  return {
    buffer: (to ?? from)?.boot.index ?? 0,
    cpu: ANY_CPU,
    from: left,
    to: right,
    events: records,
    kind: 'dropped',
  };
}

function relative(place: LogPlace | undefined): number | null {
  const time = place ? timeInBoot(place, place.boot) : Number.NaN;
  return place === undefined || Number.isNaN(time) ? null : (place.boot.start + time) * NS;
}
