import { CompressedStream } from '../perf-data/compressed-stream.ts';
import { type Bytes, pieces, type Report } from './bytes.ts';

const INPUT_BYTES = 64 * 1024;
/** zstd_errors.h: the frame needs a larger window than 128 MiB, what `zstd --long=28` and above give. */
const WINDOW_TOO_LARGE = 16;

/** One or more zstd frames. */
export async function* unzstd(packed: Bytes, report: Report): AsyncGenerator<Uint8Array> {
  const stream = new CompressedStream();
  try {
    for await (const piece of pieces(packed, INPUT_BYTES)) {
      if (!stream.feed(piece)) return report('unsupported');
      yield* unpackPiece(stream);
      if (stream.error !== 0) {
        return report(stream.error === WINDOW_TOO_LARGE ? 'unsupported' : 'damaged');
      }
    }
    if (stream.isInFrame) report('truncated');
  } finally {
    stream.close();
  }
}

/** All that comes of what was fed, up to damage. */
function* unpackPiece(stream: CompressedStream): Generator<Uint8Array> {
  let made = new Uint8Array(0);
  const take = (bytes: Uint8Array) => {
    made = bytes.slice();
  };
  while (stream.unpack(take) === 'some') yield made;
}
