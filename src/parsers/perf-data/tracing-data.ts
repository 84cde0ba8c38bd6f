import type { ProblemLog } from '../problem-log.ts';
import { ByteReader, type ByteSource, EndOfBytes } from '../trace-dat/byte-reader.ts';
import { hasMagic } from '../trace-dat/trace-file.ts';
import { readTracingMetadata, type TracingMetadata } from '../trace-dat/tracing-metadata.ts';

const MAGIC_BYTES = 10;
/** The version that added saved_cmdlines (tools/perf/util/trace-event-read.c, trace_report). */
const WITH_CMDLINES = 0.6;

/** What the formats are for. */
export interface TracingData {
  readonly littleEndian: boolean;
  readonly longSize: 4 | 8;
}

/**
 * Reads the event formats perf copied from tracefs: the head of a trace.dat, then the blocks of its
 * version 6. Undefined when there is nothing of the kind; cut short, it gives what is there.
 */
export function readTracingData(
  source: ByteSource,
  metadata: TracingMetadata,
  problems: ProblemLog,
): TracingData | undefined {
  if (!hasMagic(source.read(0, MAGIC_BYTES))) return undefined;
  const head = new ByteReader(source, true, MAGIC_BYTES);
  try {
    const version = Number.parseFloat(head.name());
    const littleEndian = head.u8() === 0;
    const longSize = head.u8() === 4 ? 4 : 8;
    const reader = new ByteReader(source, littleEndian, head.position);
    reader.skip(4);
    try {
      readTracingMetadata(reader, metadata, { cmdlines: version >= WITH_CMDLINES });
    } catch (error) {
      if (!(error instanceof EndOfBytes)) throw error;
      problems.add(
        'truncated-section',
        'data-loss',
        `the event formats end early (${error.message}); events without a format cannot be decoded`,
      );
    }
    return { littleEndian, longSize };
  } catch (error) {
    if (!(error instanceof EndOfBytes)) throw error;
    return undefined;
  }
}
