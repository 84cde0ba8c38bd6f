import { TraceError } from '../../errors.ts';
import type { Capture, Parser } from '../parser.ts';
import { ProblemLog } from '../problem-log.ts';
import { FileSource } from './byte-reader.ts';
import { TraceCapture } from './trace-capture.ts';
import { hasMagic, readTraceFile } from './trace-file.ts';

/** trace-cmd's trace.dat, versions 6 and 7. */
export const traceDat: Parser = {
  meta: { id: 'trace-dat', title: 'trace-cmd trace.dat' },
  sniff: hasMagic,
  open(path: string): Capture {
    const file = openFile(path);
    try {
      const problems = new ProblemLog();
      return new TraceCapture(file, readTraceFile(path, file, problems), problems);
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
