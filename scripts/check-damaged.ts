/**
 * `npm run damaged -- <folder>`: every capture below the folder is cut short and robbed of events,
 * and what is proven from the parts is held against the whole. Prints
 * `captures / parts / proven / contradicted` and fails when anything is contradicted.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TraceError } from '../src/errors.ts';
import { CUTS, compareParts, LOSSES } from '../test/contradictions.ts';

const MOST_BYTES = 20_000_000;
const EXIT_COULD_NOT_RUN = 2;

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: npm run damaged -- <folder>\n');
  process.exit(EXIT_COULD_NOT_RUN);
}
const total = { captures: 0, parts: 0, proven: 0, contradicted: 0 };
for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
  if (!/\.dat$|\.data$|ftrace\.txt$|trace\.txt$/.test(name)) continue;
  const path = join(folder, name);
  if (statSync(path).size > MOST_BYTES) continue;
  try {
    const { parts, proven, contradicted } = await compareParts(path, [...CUTS, ...LOSSES]);
    total.captures += 1;
    total.parts += parts;
    total.proven += proven;
    total.contradicted += contradicted.length;
    for (const text of contradicted) process.stdout.write(`${name}: ${text}\n`);
  } catch (error) {
    // captures that no analysis can read are the business of other tests
    if (!(error instanceof TraceError)) throw error;
  }
}
process.stdout.write(
  `${total.captures} captures, ${total.parts} parts, ${total.proven} proven findings, ${total.contradicted} contradicted\n`,
);
process.exitCode = total.contradicted === 0 ? 0 : 1;
