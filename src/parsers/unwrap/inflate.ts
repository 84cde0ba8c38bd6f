import { createGunzip, createInflateRaw, type Gunzip, type InflateRaw } from 'node:zlib';
import { type Bytes, pieces, type Report } from './bytes.ts';

/** What comes of a piece is held in memory, and deflate makes at most 1032 bytes of one. */
const INPUT_BYTES = 16 * 1024;
const OUTPUT_BYTES = 64 * 1024;

/** One or more gzip members; what follows them and is none is left out, as gunzip does. */
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
  try {
    for await (const piece of pieces(packed, INPUT_BYTES)) {
      // Node asks for more only when a piece is used up, and keeps no reference to it
      const state = await output.after((done) => engine.write(piece, done));
      yield* output.take();
      if (state === 'ended') return;
      if (state === 'failed') return report('damaged');
    }
    // only now: with its last input, zlib would drop the output of an early end
    const state = await output.after(() => engine.end());
    yield* output.take();
    if (state === 'failed') report('truncated');
  } finally {
    engine.destroy();
  }
}

/** What a zlib stream gives for one write. An iteration over it would lose output at an error. */
class EngineOutput {
  #chunks: Uint8Array[] = [];
  #settle: (state: 'used' | 'ended' | 'failed') => void = () => {};

  constructor(engine: Gunzip | InflateRaw) {
    engine.on('data', (chunk: Uint8Array) => this.#chunks.push(chunk));
    engine.on('end', () => this.#settle('ended'));
    engine.on('error', () => this.#settle('failed'));
  }

  after(act: (done: (error?: Error | null) => void) => void): Promise<'used' | 'ended' | 'failed'> {
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
