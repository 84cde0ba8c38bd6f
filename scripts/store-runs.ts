/**
 * Writes what `compare` knows of the runs below some folders as JSON lines, a side per folder:
 * fixtures/regression-runs/runs.jsonl is made from 45 recordings of eight builds this way.
 *
 *   npx tsx scripts/store-runs.ts runs.jsonl folder…
 */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Side } from '../src/compare/comparison.ts';
import { filesOf, loadRuns } from '../src/compare/inputs.ts';

const [output, ...folders] = process.argv.slice(2);
if (output === undefined || folders.length === 0) {
  process.stderr.write('usage: store-runs.ts runs.jsonl folder…\n');
  process.exit(2);
}
const sides: Side[] = [];
for (const folder of folders) {
  const runs = await loadRuns(filesOf(folder));
  const label = basename(folder);
  sides.push({
    label,
    runs: runs.map((run) => ({
      ...run,
      path: `${label}/${basename(run.path)}`,
      // nothing of the kind happened, or it follows from the findings
      metrics: run.metrics.filter(({ count, name }) => count > 0 || !name.startsWith('findings/')),
    })),
  });
}
writeFileSync(output, `${sides.map((side) => JSON.stringify(side)).join('\n')}\n`);
