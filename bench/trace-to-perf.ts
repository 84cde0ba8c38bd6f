/**
 * Writes the events of a trace.dat as perf record would have: per-CPU runs in rounds, so that most
 * events stand out of order in the file.
 *
 *   npx tsx bench/trace-to-perf.ts <trace.dat> <perf.data> [events at most]
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { FileSource } from '../src/parsers/trace-dat/byte-reader.ts';
import { ProblemLog } from '../src/parsers/trace-dat/problem-log.ts';
import { traceDat } from '../src/parsers/trace-dat/trace-dat.ts';
import { readTraceFile } from '../src/parsers/trace-dat/trace-file.ts';
import { PerfDataWriter } from '../test/perf-data-writer.ts';
import { encodeEvent, type ScenarioFields } from '../test/scenario/encode-event.ts';
import { readFormat } from '../test/scenario/kernel-formats.ts';

/** Events perf's ring buffers of 512 KiB hold between two looks at them, about. */
const ROUND = 20_000;

const [from, to, most = 'Infinity'] = process.argv.slice(2);
if (from === undefined || to === undefined) {
  console.error('usage: trace-to-perf <trace.dat> <perf.data> [events at most]');
  process.exit(2);
}

const source = new FileSource(from);
const texts = new Map(
  readTraceFile(from, source, new ProblemLog()).metadata.formats.map(({ system, text }) => {
    const format = readFormat(system, text);
    return [`${system}:${format.name}`, format];
  }),
);
source.close();
const capture = traceDat.open(from);
const formats = capture.header.eventTypes.map((type) => {
  const format = texts.get(`${type.system}:${type.name}`);
  if (!format) throw new Error(`no format of ${type.system}:${type.name}`);
  return format;
});
const recorded = formats.filter(({ system }) => system !== 'ftrace');
const head = new PerfDataWriter({ formats: recorded, isPipe: true, clockId: 1 });
const file = openSync(to, 'w');
writeSync(file, head.finish());
let events = 0;
let waiting = 0;
const round = new Map<number, PerfDataWriter>();
for (const batch of capture.batches()) {
  for (let i = 0; i < batch.length && events < Number(most); i++) {
    const format = formats[batch.type[i] as number];
    if (!format || format.system === 'ftrace') continue;
    const cpu = batch.cpu[i] as number;
    const tid = batch.tid[i] as number;
    const time = capture.header.clock.base + BigInt(batch.ts[i] as number);
    const raw = encodeEvent(format, batch.fields(i) as ScenarioFields, { tid }, true);
    const run = round.get(cpu) ?? new PerfDataWriter({ formats: recorded });
    round.set(cpu, run.sample({ format, cpu, tid, time, raw }));
    events++;
    if (++waiting === ROUND) flush();
  }
  if (events >= Number(most)) break;
}
flush();
closeSync(file);
capture.close();
console.log(`${events} events of ${recorded.length} types in ${to}`);

function flush(): void {
  for (const run of round.values()) writeSync(file, run.takeRecords());
  round.clear();
  writeSync(file, new PerfDataWriter({ formats: [] }).round().takeRecords());
  waiting = 0;
}
