import { TraceError } from '../../errors.ts';
import type { Capture, Parser } from '../parser.ts';
import { FileSource } from '../trace-dat/byte-reader.ts';
import { ProblemLog } from '../trace-dat/problem-log.ts';
import { PerfCapture } from './perf-capture.ts';
import { hasPerfMagic, readPerfFile } from './perf-file.ts';

/** What perf record writes, to a file or to a pipe. */
export const perfData: Parser = {
  meta: { id: 'perf-data', title: 'perf.data' },
  sniff: hasPerfMagic,
  open(path: string): Capture {
    const file = openFile(path);
    try {
      const problems = new ProblemLog();
      return new PerfCapture(path, file, readPerfFile(path, file, problems), problems);
    } catch (error) {
      file.close();
      throw error;
    }
  },
};

function openFile(path: string): FileSource {
  try {
    return new FileSource(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TraceError(`cannot open ${path}: ${why}`, { cause: error });
  }
}
