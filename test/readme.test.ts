import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { detectors } from '../src/analyzers/detectors/index.ts';
import { limitsOf, type ThresholdSettings } from '../src/analyzers/threshold.ts';
import { ROOT, svmTrace } from './cli.ts';
import { runMain } from './run-main.ts';
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

it('what is said of comparing uses options there are, and links to files that are there', async () => {
  const pages = ['comparing.md', 'compare-workflow.yml'].map((name) =>
    readFileSync(join(ROOT, 'docs', name), 'utf8'),
  );
  for (const command of ['compare', 'trend', 'bisect-step', 'analyze']) {
    const { stdout } = await runMain([command, '--help']);
    const used = pages.flatMap((page) =>
      page
        .replaceAll('\\\n', ' ')
        .split('\n')
        .filter((line) => line.includes(`svm-trace ${command} `))
        .flatMap((line) => line.match(/(?<=\s)--[a-z-]+/g) ?? []),
    );
    expect(used.length, command).toBeGreaterThan(0);
    for (const option of used) expect(stdout, option).toContain(`${option} `);
  }
  const links = [...(pages[0] ?? '').matchAll(/\]\(([^)#:]+)\)/g)].map(([, target = '']) => target);
  expect(links.filter((target) => !existsSync(join(ROOT, 'docs', target)))).toEqual([]);
});

it('what is said of the page shows every picture of it, none of them large', () => {
  const page = readFileSync(join(ROOT, 'docs/report.md'), 'utf8');
  const links = [...page.matchAll(/\]\(([^)#:]+)\)/g)].map(([, target = '']) => target);
  expect(links.filter((target) => !existsSync(join(ROOT, 'docs', target)))).toEqual([]);
  const pictures = readdirSync(join(ROOT, 'docs/screenshots')).sort();
  const shown = links
    .filter((target) => target.startsWith('screenshots/'))
    .map((target) => basename(target));
  expect([...new Set(shown)].sort()).toEqual(pictures);
  const sizes = pictures.map((name) => statSync(join(ROOT, 'docs/screenshots', name)).size);
  expect(Math.max(...sizes)).toBeLessThan(150_000);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(1_000_000);
});

it('the thresholds shown are some there are', () => {
  const [, shown = ''] = /^```json\n([\s\S]*?)^```$/m.exec(readme) ?? [];
  const { thresholds } = JSON.parse(shown) as { thresholds: ThresholdSettings };
  const metas = detectors.map(({ meta }) => meta);
  expect(limitsOf(thresholds, metas).size).toBeGreaterThan(2);
});
