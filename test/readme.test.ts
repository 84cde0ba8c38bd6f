import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT, svmTrace } from './cli.ts';
import { SVM_PROBES } from './scenario/probes.ts';

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');

it('the README shows what the command prints', () => {
  const [, command = '', shown = ''] =
    /^```\n\$ svm-trace (.*)\n([\s\S]*?)^```$/m.exec(readme) ?? [];
  const run = svmTrace(...command.split(' '));
  expect(shown.length).toBeGreaterThan(200);
  expect(run.stdout).toContain(shown);
});

it('the README links to files that are there', () => {
  const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, target = '']) => target);
  expect(links.length).toBeGreaterThan(3);
  expect(links.filter((target) => !existsSync(join(ROOT, target)))).toEqual([]);
});

it('the probes to record are those of the tests', () => {
  const recording = readFileSync(join(ROOT, 'docs/recording.md'), 'utf8');
  for (const probe of SVM_PROBES) expect(recording).toContain(probe);
});
