export interface TimeBounds {
  readonly first: bigint;
  readonly last: bigint;
}

/** What the header says of the samples' times may be a little off, a damaged time is far off. */
const SLACK_NS = 3_600_000_000_000n;

/** Time stamps as exact small numbers: relative to the first one seen. */
export class TimeOrigin {
  /** The first time stamp, in ns; undefined before it. */
  base: bigint | undefined;
  #high = 0;
  #low = 0;
  readonly #littleEndian: boolean;
  readonly #bounds: TimeBounds | undefined;
  /** The bounds relative to the origin. */
  #least = -Number.MAX_SAFE_INTEGER;
  #most: number = Number.MAX_SAFE_INTEGER;

  /** `bounds`: times of the first and the last sample, where the file says. */
  constructor(littleEndian: boolean, bounds: TimeBounds | undefined) {
    this.#littleEndian = littleEndian;
    this.#bounds = bounds;
  }

  /** ns since the origin; undefined for the zero of records perf makes up, and for what cannot be. */
  relative(view: DataView, at: number): number | undefined {
    const first = view.getUint32(at, this.#littleEndian);
    const second = view.getUint32(at + 4, this.#littleEndian);
    const high = this.#littleEndian ? second : first;
    const low = this.#littleEndian ? first : second;
    if ((high === 0 && low === 0) || high === 0xffff_ffff) return undefined;
    if (this.base === undefined && !this.#begin(high, low)) return undefined;
    const time = (high - this.#high) * 4_294_967_296 + (low - this.#low);
    return time >= this.#least && time <= this.#most ? time : undefined;
  }

  #begin(high: number, low: number): boolean {
    const base = (BigInt(high) << 32n) | BigInt(low);
    if (this.#bounds) {
      const least = this.#bounds.first - SLACK_NS - base;
      const most = this.#bounds.last + SLACK_NS - base;
      if (least > 0n || most < 0n) return false;
      this.#least = Number(least);
      this.#most = Number(most);
    }
    this.base = base;
    this.#high = high;
    this.#low = low;
    return true;
  }
}
