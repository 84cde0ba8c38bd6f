/**
 * Feeds every parser damaged captures: mutated, cut, spliced, with hostile lengths.
 *
 *   npx tsx scripts/fuzz.ts [--seconds 30] [--seed 1] [--only <part of a fixture's name>] [--keep <folder>]
 *
 * Exit 1 when one of them ends in anything but a capture or a TraceError, takes longer than 5 s, or
 * the memory goes over 512 MB; the file is kept then. The same seed gives the same files.
 */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { TraceError } from '../src/errors.ts';
import { openCapture } from '../src/parsers/detect.ts';
import { ROCM_SMI_TEXT, ROCR_TEXT, SMI_TEXT } from '../test/kfd-smi-lines.ts';
import { LOG_SAMPLES } from '../test/log-samples.ts';
import { randomFrom } from '../test/random.ts';

const SLOWEST_MS = 5_000;
const MOST_MEMORY = 512 * 1024 * 1024;
const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    keep: { type: 'string' },
  },
});
const random = randomFrom(Number(values.seed));
const pick = (count: number) => Math.floor(random() * count);
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'svm-trace-fuzz-'));

/** Of formats that no recording is committed of. */
const written: readonly (readonly [string, Buffer])[] = [
  ...LOG_SAMPLES,
  ['kfd-smi', Buffer.from(SMI_TEXT.repeat(20))],
  ['kfd-smi-rocm', Buffer.from(ROCM_SMI_TEXT.repeat(20))],
  ['kfd-smi-rocr', Buffer.from(ROCR_TEXT.repeat(20))],
];
const recorded = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(dat|perf\.data|ftrace\.txt|report\.txt|script\.txt)$/.test(name))
  .sort()
  .map((name): [string, Buffer] => [name, readFileSync(join(FIXTURES, name))]);
const seeds = [...recorded, ...written]
  .filter(([name]) => name.includes(values.only))
  .map(([, bytes]) => bytes);
if (seeds.length === 0) {
  console.error('no such fixture');
  process.exit(2);
}

const damages: readonly ((bytes: Buffer) => Buffer)[] = [cut, mutate, splice, lengths, move];
const end = Date.now() + Number(values.seconds) * 1000;
const sum = { files: 0, read: 0, refused: 0, events: 0 };
const path = join(folder, 'fuzzed');
let failure: string | undefined;
while (failure === undefined && Date.now() < end) {
  const damage = damages[pick(damages.length)] ?? cut;
  writeFileSync(path, damage(seed()));
  failure = readDamaged();
  sum.files++;
}
console.log(
  `${sum.files} damaged files: ${sum.read} read (${sum.events} events), ${sum.refused} refused; ` +
    `${Math.round(process.resourceUsage().maxRSS / 1024)} MB at most`,
);
if (failure !== undefined) {
  console.log(`${failure}\nkept as ${path}`);
  process.exitCode = 1;
}

/** What went wrong; undefined when nothing did. */
function readDamaged(): string | undefined {
  const start = performance.now();
  try {
    readAll();
    sum.read++;
  } catch (error) {
    if (!(error instanceof TraceError)) return error instanceof Error ? error.stack : String(error);
    sum.refused++;
  }
  const took = performance.now() - start;
  if (took > SLOWEST_MS) return `took ${Math.round(took)} ms`;
  const { rss } = process.memoryUsage();
  return rss > MOST_MEMORY ? `${Math.round(rss / 2 ** 20)} MB in memory` : undefined;
}

function readAll(): void {
  const capture = openCapture(path);
  try {
    for (const batch of capture.batches()) {
      for (let i = 0; i < batch.length; i++) {
        const type = capture.header.eventTypes[batch.type[i] as number];
        if (type) capture.print(type, batch.fields(i));
        batch.flags(i);
        batch.callchain?.(i);
        sum.events++;
      }
    }
    void capture.losses;
    void capture.problems;
  } finally {
    capture.close();
  }
}

function seed(): Buffer {
  return Buffer.from(seeds[pick(seeds.length)] ?? []);
}

function cut(bytes: Buffer): Buffer {
  return bytes.subarray(0, pick(bytes.length));
}

function mutate(bytes: Buffer): Buffer {
  for (let changes = 1 + pick(30); changes > 0; changes--) bytes[pick(bytes.length)] = pick(256);
  return bytes;
}

function splice(bytes: Buffer): Buffer {
  const other = seed();
  return Buffer.concat([bytes.subarray(0, pick(bytes.length)), other.subarray(pick(other.length))]);
}

function lengths(bytes: Buffer): Buffer {
  const hostile = [0, 1, 8, 0xffff, 0x10_0000, 0x7fff_ffff, 0xffff_ffff];
  for (let changes = 1 + pick(5); changes > 0; changes--) {
    const at = pick(Math.max(1, bytes.length - 4));
    bytes.writeUInt32LE(hostile[pick(hostile.length)] ?? 0, at);
  }
  return bytes;
}

function move(bytes: Buffer): Buffer {
  const from = pick(bytes.length);
  bytes.copyWithin(pick(bytes.length), from, from + pick(2000));
  return bytes;
}
