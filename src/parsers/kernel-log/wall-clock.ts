/** Dates as logs write them, in µs since 1970. Local time is taken for UTC where no zone is told. */
const SECOND_US = 1_000_000;
const DAY_US = 86_400 * SECOND_US;
/** Logs of syslog have no year; a leap year takes every date. */
const SOME_YEAR = 2000;
/** There may be lines of the day before. */
const SOME_DAY_US = DAY_US;

/** Digits behind the point, as µs. */
export function fractionUs(digits: string): number {
  return Number(digits.slice(0, 6).padEnd(6, '0'));
}

/** Time stamps of one log, which may leave out the year or the day: they follow from the line before. */
export class WallClock {
  /** A date without a year was read. */
  lacksYear = false;
  /** A time without a date was read. */
  lacksDate = false;
  /** A date without a zone was read. */
  lacksZone = false;
  /** The last time stamp; NaN ahead of the first. */
  #last = Number.NaN;
  /** The date of the last line that had one, and when that day began. */
  #day = 0;
  #dayStart = Number.NaN;

  get last(): number {
    return this.#last;
  }

  /** NaN when there is no such date. */
  date(year: number, month: number, day: number, timeUs: number, zone: string | undefined): number {
    const offset = zone === undefined ? undefined : zoneUs(zone);
    if (offset === undefined) this.lacksZone = true;
    const key = (year * 16 + month) * 32 + day;
    if (key !== this.#day) {
      this.#day = key;
      this.#dayStart = dayUs(year, month, day);
    }
    return this.#keep(this.#dayStart + timeUs - (offset ?? 0));
  }

  /** The year that is nearest to the line before. */
  yearless(month: number, day: number, timeUs: number): number {
    this.lacksYear = true;
    this.lacksZone = true;
    const key = month * 32 + day;
    if (key === this.#day) return this.#keep(this.#dayStart + timeUs);
    const from = Number.isNaN(this.#last)
      ? SOME_YEAR
      : new Date(this.#last / 1000).getUTCFullYear();
    const candidates = Number.isNaN(this.#last) ? [from] : [from - 1, from, from + 1];
    const us = this.#nearest(candidates.map((year) => dayUs(year, month, day) + timeUs));
    this.#day = key;
    this.#dayStart = us - timeUs;
    return this.#keep(us);
  }

  /** The day that is nearest to the line before. */
  timeOfDay(timeUs: number): number {
    this.lacksDate = true;
    this.lacksZone = true;
    const today = Number.isNaN(this.#last) ? SOME_DAY_US : this.#last - (this.#last % DAY_US);
    const days = Number.isNaN(this.#last) ? [0] : [-DAY_US, 0, DAY_US];
    return this.#keep(this.#nearest(days.map((day) => today + day + timeUs)));
  }

  /** Time goes on from the line before. */
  later(us: number): number {
    if (Number.isNaN(this.#last)) this.lacksDate = true;
    return this.#keep((Number.isNaN(this.#last) ? SOME_DAY_US : this.#last) + us);
  }

  /** A minute with an unknown part of it gone by. */
  minute(month: number, day: number, timeUs: number): number {
    const { last } = this;
    const start = this.yearless(month, day, timeUs);
    return this.#keep(last > start && last - start < 60 * SECOND_US ? last : start);
  }

  since1970(us: number): number {
    return this.#keep(us);
  }

  #nearest(candidates: readonly number[]): number {
    let best = Number.NaN;
    for (const candidate of candidates) {
      const isNearer = Math.abs(candidate - this.#last) < Math.abs(best - this.#last);
      if (Number.isNaN(best) || isNearer) best = candidate;
    }
    return best;
  }

  #keep(us: number): number {
    if (!Number.isNaN(us)) this.#last = us;
    return us;
  }
}

export function timeUs(hours: string, minutes: string, seconds: string, fraction = ''): number {
  const whole = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  return whole * SECOND_US + fractionUs(fraction);
}

function dayUs(year: number, month: number, day: number): number {
  // setUTCFullYear, as Date.UTC takes years below 100 for those of the last century
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCDate() === day ? date.getTime() * 1000 : Number.NaN;
}

/** `+02:00`, `+0200`, `Z`, `UTC`; undefined for names that mean different things to different people. */
function zoneUs(zone: string): number | undefined {
  if (zone === 'Z' || zone === 'UTC' || zone === 'GMT') return 0;
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? [];
  if (sign === undefined) return undefined;
  const us = (Number(hours) * 60 + Number(minutes)) * 60 * SECOND_US;
  return sign === '-' ? -us : us;
}
