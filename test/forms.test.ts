/**
 * One load recorded in several forms, different runs of it: each form shows the objects and findings
 * that the load program speaks of. What a form cannot show is listed with its reason.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { compareForm, type FormVerdict, truthPath } from './forms/compare.ts';
import { UNSHOWN } from './forms/unshown.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));
/** Without times and tasks nothing can be read: refused, which other tests show. */
const UNREADABLE = /nocontext-text|text-raw/;
const captures = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
  .filter((name) => !UNREADABLE.test(name) && truthPath(join(FIXTURES, name)) !== undefined)
  .sort();

const verdicts = new Map<string, FormVerdict>();
beforeAll(async () => {
  for (const name of captures) {
    const path = join(FIXTURES, name);
    verdicts.set(name, await compareForm(path, truthPath(path) ?? ''));
  }
}, 120_000);

const formsOf = (load: RegExp): Set<string> =>
  new Set([...verdicts.values()].filter((one) => load.test(one.load)).map(({ form }) => form));

describe('what the load saw is what its recording shows', () => {
  it.each(captures)('%s', (name) => {
    const { wrong, strange } = verdicts.get(name) as FormVerdict;
    expect({ wrong, strange }).toEqual({ wrong: [], strange: [] });
  });

  it('and the truth of another run is not', async () => {
    const other = join(FIXTURES, 's612-svm-stall-v6/svm-stall-v6.truth.txt');
    const { wrong } = await compareForm(join(FIXTURES, 's612-svm-stall/svm-stall.dat'), other);
    expect(wrong.map(({ about }) => about)).toContain('fence');
    expect(wrong.map(({ about }) => about)).toContain('notifier');
  });

  it('in every form there is', () => {
    expect([...formsOf(/mprotect took/)].sort()).toEqual([
      'ftrace',
      'ftrace, function',
      'ftrace, function_graph',
      'perf.data',
      'trace.dat',
      'trace.dat, function',
      'trace.dat, function_graph',
    ]);
    expect([...formsOf(/device faults/)].sort()).toEqual(['ftrace', 'perf.data', 'trace.dat']);
    expect([...formsOf(/dies with/)].sort()).toEqual(['ftrace', 'perf.data', 'trace.dat']);
    expect([...formsOf(/mode=write/)].sort()).toEqual([
      'ftrace, function',
      'ftrace, function_graph',
      'trace.dat',
    ]);
    expect([...formsOf(/Nms error/)].sort()).toEqual(['ftrace', 'trace.dat']);
  });
});

describe('what a form cannot show', () => {
  it.each(UNSHOWN)('$form', (reason) => {
    const { why } = reason;
    const used = [...verdicts.values()].flatMap(({ unshown }) =>
      unshown.filter(({ because }) => because === reason).map(({ aspect }) => aspect.about),
    );
    expect(why).not.toBe('');
    expect(used).not.toEqual([]);
  });
});
