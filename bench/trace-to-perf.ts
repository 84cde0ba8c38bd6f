import { closeSync, openSync, writeSync } from 'node:fs';
import { ProblemLog } from '../src/parsers/problem-log.ts';
import { FileSource } from '../src/parsers/trace-dat/byte-reader.ts';
import { traceDat } from '../src/parsers/trace-dat/trace-dat.ts';
import { readTraceFile } from '../src/parsers/trace-dat/trace-file.ts';
import { PerfDataWriter, type WriterSample } from '../test/perf-data-writer.ts';
import { encodeEvent, type ScenarioFields } from '../test/scenario/encode-event.ts';
import { readFormat, type WriterFormat } from '../test/scenario/kernel-formats.ts';

/** Events perf's ring buffers of 512 KiB hold between two looks at them, about. */
const ROUND = 20_000;

/**
 * Writes the events of a trace.dat as perf record would have: per-CPU runs in rounds, so that most
 * events stand out of order in the file. Gives their number.
 */
export function traceToPerf(from: string, to: string, most: number): number {
  const texts = formatTexts(from);
  const capture = traceDat.open(from);
  const formats = capture.header.eventTypes.map((type) => {
    const format = texts.get(`${type.system}:${type.name}`);
    if (!format) throw new Error(`no format of ${type.system}:${type.name}`);
    return format;
  });
  // perf records tracepoints only
  const recorded = formats.filter(({ system }) => system !== 'ftrace');
  const rounds = new Rounds(to, recorded);
  for (const batch of capture.batches()) {
    for (let i = 0; i < batch.length && rounds.events < most; i++) {
      const format = formats[batch.type[i] as number];
      if (!format || format.system === 'ftrace') continue;
      const cpu = batch.cpu[i] as number;
      const tid = batch.tid[i] as number;
      const time = capture.header.clock.base + BigInt(batch.ts[i] as number);
      const raw = encodeEvent(format, batch.fields(i) as ScenarioFields, { tid }, true);
      rounds.add({ format, cpu, tid, time, raw });
    }
    if (rounds.events >= most) break;
  }
  rounds.close();
  capture.close();
  return rounds.events;
}

function formatTexts(path: string): Map<string, WriterFormat> {
  const source = new FileSource(path);
  const { metadata } = readTraceFile(path, source, new ProblemLog());
  source.close();
  return new Map(
    metadata.formats.map(({ system, text }) => {
      const format = readFormat(system, text);
      return [`${system}:${format.name}`, format];
    }),
  );
}

class Rounds {
  events = 0;
  readonly #file: number;
  readonly #formats: readonly WriterFormat[];
  readonly #runs = new Map<number, PerfDataWriter>();
  #waiting = 0;

  constructor(path: string, formats: readonly WriterFormat[]) {
    this.#formats = formats;
    this.#file = openSync(path, 'w');
    writeSync(this.#file, new PerfDataWriter({ formats, isPipe: true, clockId: 1 }).finish());
  }

  add(sample: WriterSample): void {
    const run = this.#runs.get(sample.cpu) ?? new PerfDataWriter({ formats: this.#formats });
    this.#runs.set(sample.cpu, run.sample(sample));
    this.events++;
    if (++this.#waiting === ROUND) this.#flush();
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #flush(): void {
    for (const run of this.#runs.values()) writeSync(this.#file, run.takeRecords());
    this.#runs.clear();
    writeSync(this.#file, new PerfDataWriter({ formats: [] }).round().takeRecords());
    this.#waiting = 0;
  }
}
