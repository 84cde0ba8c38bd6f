const FIRST_BYTES = 320 * 1024;

/** Bytes that were read and not used yet; valid until more are read. */
export class ByteWindow {
  bytes: Uint8Array = Buffer.allocUnsafeSlow(FIRST_BYTES);
  view: DataView = new DataView(this.bytes.buffer);
  at = 0;
  end = 0;

  get left(): number {
    return this.end - this.at;
  }

  /** Room for `more` bytes behind what is left, to be filled and then counted by `filled`. */
  room(more: number): Uint8Array {
    if (this.end + more > this.bytes.length) this.#move(more);
    return this.bytes.subarray(this.end, this.end + more);
  }

  filled(bytes: number): void {
    this.end += bytes;
  }

  clear(): void {
    this.at = 0;
    this.end = 0;
  }

  #move(more: number): void {
    const { left, bytes, at, end } = this;
    if (left + more > bytes.length) {
      this.bytes = Buffer.allocUnsafeSlow(left + more);
      this.view = new DataView(this.bytes.buffer);
      this.bytes.set(bytes.subarray(at, end));
    } else {
      bytes.copyWithin(0, at, end);
    }
    this.at = 0;
    this.end = left;
  }
}
