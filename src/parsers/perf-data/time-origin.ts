/** Time stamps as exact small numbers: relative to the first one seen. */
export class TimeOrigin {
  /** The first time stamp, in ns; undefined before it. */
  base: bigint | undefined;
  #high = 0;
  #low = 0;
  readonly #littleEndian: boolean;

  constructor(littleEndian: boolean) {
    this.#littleEndian = littleEndian;
  }

  /** ns since the origin; undefined for the zero of records perf makes up, and for what cannot be. */
  relative(view: DataView, at: number): number | undefined {
    const first = view.getUint32(at, this.#littleEndian);
    const second = view.getUint32(at + 4, this.#littleEndian);
    const high = this.#littleEndian ? second : first;
    const low = this.#littleEndian ? first : second;
    if ((high === 0 && low === 0) || high === 0xffff_ffff) return undefined;
    if (this.base === undefined) {
      this.base = (BigInt(high) << 32n) | BigInt(low);
      this.#high = high;
      this.#low = low;
    }
    const time = (high - this.#high) * 4_294_967_296 + (low - this.#low);
    return Number.isSafeInteger(time) ? time : undefined;
  }
}
