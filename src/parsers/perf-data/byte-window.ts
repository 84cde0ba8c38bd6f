/** Bytes that were read and not used yet. Views handed out stay valid: a refill makes a new buffer. */
export class ByteWindow {
  view: DataView = new DataView(new ArrayBuffer(0));
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** A buffer of what is left with room for `more` behind it, and where that room begins. */
  grown(more: number): [buffer: Uint8Array, room: number] {
    const { left } = this;
    const buffer = new Uint8Array(left + more);
    buffer.set(this.bytes.subarray(this.at));
    return [buffer, left];
  }

  /** Goes on with the first `length` bytes of `buffer`. */
  use(buffer: Uint8Array, length: number): void {
    this.bytes = buffer.subarray(0, length);
    this.view = new DataView(buffer.buffer, buffer.byteOffset, length);
    this.at = 0;
  }

  append(more: Uint8Array): void {
    if (this.left === 0) {
      this.use(more, more.length);
      return;
    }
    const [buffer, room] = this.grown(more.length);
    buffer.set(more, room);
    this.use(buffer, buffer.length);
  }

  clear(): void {
    this.use(new Uint8Array(0), 0);
  }
}
