/**
 * Compares recordings of one load in several forms (trace.dat, perf.data, text, function tracers) with
 * what the load itself saw: the `*.truth.txt` beside each capture.
 *
 *   npx tsx scripts/check-forms.ts <folder> [--all]
 *
 * Prints per load and capture how much is shown, what the form cannot show and why, and what nothing
 * excuses (exit 1). --all also lists what is not shown aspect by aspect.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { TraceError } from '../src/errors.ts';
import { compareForm, type FormVerdict, truthPath } from '../test/forms/compare.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { all: { type: 'boolean' } },
});
const [folder] = positionals;
if (folder === undefined) throw new Error('usage: check-forms.ts <folder> [--all]');

const byLoad = new Map<string, [capture: string, verdict: FormVerdict][]>();
const refused: string[] = [];
for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
  const truth = truthPath(join(folder, name));
  if (truth === undefined) continue;
  try {
    const verdict = await compareForm(join(folder, name), truth);
    if (verdict.shown + verdict.unshown.length + verdict.wrong.length === 0) continue;
    byLoad.set(verdict.load, [...(byLoad.get(verdict.load) ?? []), [name, verdict]]);
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    refused.push(`${name}: ${error.message}; ${error.hint}`);
  }
}

let wrong = 0;
for (const [load, verdicts] of byLoad) {
  console.log(`\n${load}`);
  for (const [name, verdict] of verdicts) {
    wrong += verdict.wrong.length;
    const cannot = new Set(verdict.unshown.map(({ because }) => because.form));
    console.log(
      `  ${name} (${verdict.form}): ${verdict.shown} shown, ${verdict.unshown.length} not in this form, ${verdict.wrong.length} wrong${[...cannot].map((form) => `\n    cannot: ${form}`).join('')}`,
    );
    for (const text of verdict.strange) console.log(`    the load does not say so: ${text}`);
    const details = values.all ? verdict.unshown.map(({ aspect }) => aspect) : [];
    for (const { name: what, stated, found } of [...verdict.wrong, ...details]) {
      console.log(`    ${what}: ${found} instead of ${stated}`);
    }
  }
}
for (const text of refused) console.log(`refused ${text}`);
const captures = [...byLoad.values()].flat().length;
console.log(
  `\n${captures} captures of ${byLoad.size} loads, ${refused.length} refused: ${wrong} aspects wrong`,
);
process.exitCode = wrong > 0 ? 1 : 0;
