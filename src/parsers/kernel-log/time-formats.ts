import { monthOf } from './months.ts';
import { fractionUs, timeUs, type WallClock } from './wall-clock.ts';

/** Which tool wrote the time of a line, as far as that shows. */
export type Prefix =
  | 'dmesg'
  | 'dmesg -T'
  | 'dmesg -H'
  | 'dmesg --time-format delta'
  | '/dev/kmsg'
  | 'syslog'
  | 'ISO 8601'
  | 'time of day'
  | 'seconds since 1970'
  | 'JSON'
  | 'journalctl -o export'
  | 'journalctl -o verbose'
  | 'no time';

/** One way to write a wall-clock time at the start of a line. */
export interface TimeFormat {
  readonly prefix: Prefix;
  /** Sticky. */
  readonly pattern: RegExp;
  /** µs since 1970; NaN when it is no time. */
  read(match: RegExpExecArray, clock: WallClock): number;
}

const HMS = String.raw`(\d\d):(\d\d):(\d\d)`;
const DATE = String.raw`(\d{4})-(\d\d)-(\d\d)`;
const FRACTION = String.raw`(?:[.,](\d{1,9}))?`;

/** dmesg -T: `[Tue Sep 10 09:37:08 2024]`, with -d `[Tue Sep 10 09:37:08 2024 <    0.000012>]`. */
const ctime: TimeFormat = {
  prefix: 'dmesg -T',
  pattern: new RegExp(
    String.raw`\[\s*[^\s\]]{1,12}\s+([^\s\]]{1,12})\s+(\d{1,2})\s+${HMS}\s+(\d{4})(?:\s*<[^>\]]*>)?\]`,
    'y',
  ),
  read([, month = '', day, hours = '', minutes = '', seconds = '', year], clock) {
    return dated(clock, { year, month, day }, timeUs(hours, minutes, seconds));
  },
};

/** dmesg -H where another minute begins: `[Dez26 08:58]`. */
const minute: TimeFormat = {
  prefix: 'dmesg -H',
  pattern: /\[\s*(\d{0,2}[^\s\d\]]{1,12})\s*(\d{1,2}) (\d\d):(\d\d)\]/y,
  read([, word = '', day, hours = '', minutes = ''], clock) {
    const month = monthOf(word);
    if (month === undefined) return Number.NaN;
    return clock.minute(month, Number(day), timeUs(hours, minutes, '0'));
  },
};

/** dmesg -H: `[  +0.000017]` since the line before; decimal comma in some languages. */
const delta: TimeFormat = {
  prefix: 'dmesg -H',
  pattern: /\[\s*([+-])(\d{1,10})[.,](\d{1,9})\]/y,
  read([, sign, seconds = '', fraction = ''], clock) {
    const us = Number(seconds) * 1_000_000 + fractionUs(fraction);
    return clock.later(sign === '-' ? -us : us);
  },
};

/** dmesg --time-format delta: `[<    0.000017>]` since the line before. */
const deltaAlone: TimeFormat = {
  prefix: 'dmesg --time-format delta',
  pattern: /\[<\s*(\d{1,10})[.,](\d{1,9})>\]/y,
  read: ([, seconds = '', fraction = ''], clock) =>
    clock.later(Number(seconds) * 1_000_000 + fractionUs(fraction)),
};

/** `2024-09-10T09:37:08.123456+02:00`; with a comma from dmesg --time-format iso. */
const iso: TimeFormat = {
  prefix: 'ISO 8601',
  pattern: new RegExp(String.raw`${DATE}[T ]${HMS}${FRACTION} ?(Z|[+-]\d\d:?\d\d)?(?=\s)`, 'y'),
  read: fullDate,
};

/** journalctl -o short-full: `Tue 2024-09-10 09:37:08 CEST`. */
const full: TimeFormat = {
  prefix: 'ISO 8601',
  pattern: new RegExp(
    String.raw`[^\s\d]{1,12} ${DATE} ${HMS}${FRACTION} ([A-Z+-][\w+-]{0,9})(?=\s)`,
    'y',
  ),
  read: fullDate,
};

/** `Sep 10 09:37:08.123456`; some loggers put the year behind the day or the time. */
const syslog: TimeFormat = {
  prefix: 'syslog',
  pattern: new RegExp(
    String.raw`(\d{0,2}[^\s\d\[\]:;,<>]{1,12})\s{1,3}(\d{1,2})(?: (\d{4}))? ${HMS}(?:\.(\d{1,9}))?(?: (\d{4}))?(?=[\s:])`,
    'y',
  ),
  read(
    [, month = '', day, before, hours = '', minutes = '', seconds = '', fraction, after],
    clock,
  ) {
    const time = timeUs(hours, minutes, seconds, fraction);
    return dated(clock, { year: before ?? after, month, day }, time);
  },
};

const timeOfDay: TimeFormat = {
  prefix: 'time of day',
  pattern: new RegExp(String.raw`${HMS}${FRACTION}(?=\s)`, 'y'),
  read: ([, hours = '', minutes = '', seconds = '', fraction], clock) =>
    clock.timeOfDay(timeUs(hours, minutes, seconds, fraction)),
};

/** journalctl -o short-unix. */
const since1970: TimeFormat = {
  prefix: 'seconds since 1970',
  pattern: /(\d{1,10})\.(\d{6})(?=\s)/y,
  read: ([, seconds = '', fraction = ''], clock) =>
    clock.since1970(Number(seconds) * 1_000_000 + fractionUs(fraction)),
};

/** By what the line begins with. */
export const BRACKETED: readonly TimeFormat[] = [delta, deltaAlone, ctime, minute];
export const DIGITS: readonly TimeFormat[] = [iso, timeOfDay, since1970, syslog];
export const WORDS: readonly TimeFormat[] = [syslog, full];

interface Day {
  readonly year: string | undefined;
  readonly month: string;
  readonly day: string | undefined;
}

function dated(clock: WallClock, { year, month, day }: Day, time: number): number {
  const number = monthOf(month);
  if (number === undefined) return Number.NaN;
  return year === undefined
    ? clock.yearless(number, Number(day), time)
    : clock.date(Number(year), number, Number(day), time, undefined);
}

function fullDate(match: RegExpExecArray, clock: WallClock): number {
  const [, year, month, day, hours = '', minutes = '', seconds = '', fraction, zone] = match;
  const time = timeUs(hours, minutes, seconds, fraction);
  return clock.date(Number(year), Number(month), Number(day), time, zone);
}
