import { TraceError } from '../../errors.ts';
import type { Capture, Parser } from '../parser.ts';
import { ProblemLog } from '../problem-log.ts';
import { FileSource } from '../trace-dat/byte-reader.ts';
import { openParts } from './directory.ts';
import { PerfCapture } from './perf-capture.ts';
import { hasPerfMagic, readPerfFile } from './perf-file.ts';

/** What perf record writes, to a file or to a pipe. */
export const perfData: Parser = {
  meta: { id: 'perf-data', title: 'perf.data' },
  sniff: hasPerfMagic,
  open(path: string): Capture {
    const file = openFile(path);
    const sources = [file];
    try {
      const problems = new ProblemLog();
      const perf = readPerfFile(path, file, problems);
      if (perf.facts.isDirectory) perf.parts = partsOf(path, problems);
      sources.push(...perf.parts);
      return new PerfCapture(path, file, perf, problems);
    } catch (error) {
      for (const source of sources) source.close();
      throw error;
    }
  },
};

function partsOf(path: string, problems: ProblemLog): FileSource[] {
  const parts = openParts(path);
  if (parts.length === 0) {
    problems.add(
      'missing-files',
      'data-loss',
      'the file is one of a directory of `perf record --threads`, and the others (data.0, data.1, …), which hold the events, are not beside it',
    );
  }
  return parts;
}

function openFile(path: string): FileSource {
  try {
    return new FileSource(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TraceError(`cannot open ${path}: ${why}`, { cause: error });
  }
}
