/** A stream of bytes, one chunk at a time; a chunk is valid until the next one is asked for. */
export type Bytes = AsyncIterable<Uint8Array>;

/** Enough to tell any format by its start. */
export const HEAD_BYTES = 4096;

/** What a decoder says of its input before it ends. */
export type Report = (damage: Damage) => void;

/**
 * `truncated`: it is used up too early; `damaged`: it makes no sense, or not what its checksum says;
 * `trailing`: it goes on after its end; `unsupported`: it is more than the decoder can do.
 */
export type Damage = 'truncated' | 'damaged' | 'trailing' | 'unsupported';

/** Reads the first bytes of a stream; `all` gives them again, and what follows. */
export async function peek(
  stream: AsyncIterator<Uint8Array>,
): Promise<{ head: Uint8Array; all: AsyncGenerator<Uint8Array> }> {
  const chunks: Uint8Array[] = [];
  for (let length = 0; length < HEAD_BYTES; ) {
    const { done, value } = await stream.next();
    if (done) break;
    chunks.push(value.slice());
    length += value.length;
  }
  const first = Buffer.concat(chunks);
  return { head: first.subarray(0, HEAD_BYTES), all: again(first, stream) };
}

async function* again(
  first: Uint8Array,
  stream: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  for (let step = await stream.next(); !step.done; step = await stream.next()) yield step.value;
}

/** The stream in chunks of at most `size` bytes. */
export async function* pieces(stream: Bytes, size: number): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    for (let at = 0; at < chunk.length; at += size) yield chunk.subarray(at, at + size);
  }
}
