import { createGunzip, createInflateRaw, type Gunzip, type InflateRaw } from 'node:zlib';
import { type Bytes, pieces, type Report } from './bytes.ts';

/** What comes of a piece is held in memory, and deflate makes at most 1032 bytes of one. */
const INPUT_BYTES = 16 * 1024;
const OUTPUT_BYTES = 64 * 1024;

/** One or more gzip members; zeros may follow them (gzip.1, "Trailing garbage"). */
export function gunzip(packed: Bytes, report: Report): AsyncGenerator<Uint8Array> {
  return unpack(createGunzip({ chunkSize: OUTPUT_BYTES }), packed, report);
}

/** deflate without a header, as zip has it. */
export function inflateRaw(packed: Bytes, report: Report): AsyncGenerator<Uint8Array> {
  return unpack(createInflateRaw({ chunkSize: OUTPUT_BYTES }), packed, report);
}

async function* unpack(
  engine: Gunzip | InflateRaw,
  packed: Bytes,
  report: Report,
): AsyncGenerator<Uint8Array> {
  const output = new EngineOutput(engine);
  let state: State = 'used';
  try {
    for await (const piece of pieces(packed, INPUT_BYTES)) {
      if (state === 'ended') {
        if (piece.some(isSet)) return report('trailing');
        continue;
      }
      const before = engine.bytesWritten;
      // Node asks for more only when a piece is used up, and keeps no reference to it
      state = await output.after((done) => engine.write(piece, done));
      yield* output.take();
      if (state === 'failed') return report('damaged');
      if (piece.subarray(engine.bytesWritten - before).some(isSet)) return report('trailing');
    }
    if (state === 'ended') return;
    // only now: with its last input, zlib would drop the output of an early end
    state = await output.after(() => engine.end());
    yield* output.take();
    if (state === 'failed') report('truncated');
  } finally {
    engine.destroy();
  }
}

type State = 'used' | 'ended' | 'failed';

const isSet = (byte: number): boolean => byte !== 0;

/** What a zlib stream gives for one write. An iteration over it would lose output at an error. */
class EngineOutput {
  #chunks: Uint8Array[] = [];
  #settle: (state: State) => void = () => {};

  constructor(engine: Gunzip | InflateRaw) {
    engine.on('data', (chunk: Uint8Array) => this.#chunks.push(chunk));
    engine.on('end', () => this.#settle('ended'));
    engine.on('error', () => this.#settle('failed'));
  }

  after(act: (done: (error?: Error | null) => void) => void): Promise<State> {
    return new Promise((resolve) => {
      this.#settle = resolve;
      act((error) => resolve(error ? 'failed' : 'used'));
    });
  }

  take(): Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }
}
