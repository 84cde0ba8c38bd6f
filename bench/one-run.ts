/**
 * One analysis in a process of its own, told by the CPU time it took, start-up excepted:
 * `one-run load|verdict <capture> <database> [all]`. `load` parses and stores the same events as
 * `verdict` does, and follows no object and asks no detector.
 */
import { rmSync } from 'node:fs';
import { analyze } from '../src/analyzers/analyze.ts';
import { Pass } from '../src/analyzers/pass.ts';
import { createRecognition } from '../src/analyzers/recognition.ts';
import { writeCapture, writeEventTypes } from '../src/analyzers/write-facts.ts';
import { openInputs } from '../src/parsers/several/open-inputs.ts';
import { StoreWriter } from '../src/store/writer.ts';

const [what, path = '', database = '', selection] = process.argv.slice(2);
const events = selection === 'all' ? 'all' : 'default';
rmSync(database, { force: true });
const before = process.cpuUsage();
if (what === 'load') await load();
else await analyze(path, { db: database, figures: false, events });
const { user, system } = process.cpuUsage(before);
process.stdout.write(`${(user + system) / 1e6}\n`);

async function load(): Promise<void> {
  const capture = await openInputs([path], {});
  const writer = new StoreWriter(database, capture.header.eventTypes, []);
  const recognition = createRecognition(capture);
  const pass = new Pass(capture, writer, recognition, [], events === 'all');
  await pass.run({ signal: undefined, onProgress: undefined });
  writeCapture(writer, capture, { path, identity: '', options: '' }, recognition);
  writeEventTypes(writer, capture, (type) => pass.selected(type));
  writer.loaded();
  writer.flush();
  writer.finish();
  capture.close();
}
