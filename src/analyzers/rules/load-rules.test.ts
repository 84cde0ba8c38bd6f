import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ms, run } from '../../../test/detector-view.ts';
import { scratch } from '../../../test/scratch.ts';
import type { Detector } from '../detector.ts';
import { detectors } from '../detectors/index.ts';
import { loadRules, withRules } from './load-rules.ts';

const DOCS = new URL('../../../docs/rules/', import.meta.url).pathname;

function file(name: string, text: string): string {
  const path = join(scratch(), name);
  writeFileSync(path, text);
  return path;
}

const rule = (meta: string, body = ''): string =>
  `export default { meta: { ${meta} }, *detect(view) { ${body} } };`;

async function only(path: string): Promise<Detector> {
  const [loaded, ...others] = await loadRules([path]);
  if (!loaded || others.length > 0) throw new Error('one rule was expected');
  return loaded;
}

const wait = {
  fence_id: 1,
  tid: 10,
  process_id: 1,
  start_ts: ms(10),
  end_ts: ms(210),
  start_event: 4,
  end_event: 9,
  lossy: 0,
};
const rows = {
  process: [{ pid: 10, comm: 'app' }],
  fence: [{ context: 3, seqno: 7, driver: 'drv' }],
  fence_wait: [wait, { ...wait, end_ts: ms(20) }],
};

describe('the query of docs/rules', () => {
  it.each(['long-wait.sql', 'long-wait.json'])('%s is a detector', async (name) => {
    const found = run(await only(DOCS + name), { rows });
    expect(found.findings).toMatchObject([
      {
        severity: 'warn',
        confidence: 'proven',
        summary: 'app waited 200.0 ms for fence 3:7',
        from: ms(10),
        to: ms(210),
        evidence: [4, 9],
        objects: [
          { kind: 'fence', id: 1 },
          { kind: 'process', id: 1 },
        ],
        details: [
          { label: 'waited', value: { type: 'duration', ns: ms(200) } },
          { label: 'driver', value: { type: 'text', value: 'drv' } },
          { label: 'pid', value: { type: 'count', value: 10 } },
          { label: 'tid' },
        ],
        key: { pid: 10, tid: 10 },
      },
    ]);
  });

  it('judges by its thresholds, which can be changed', async () => {
    const found = await only(`${DOCS}long-wait.sql`);
    const [warn] = found.meta.thresholds ?? [];
    if (!warn) throw new Error('it has a threshold');
    expect(run(found, { rows, limits: new Map([[warn, ms(5)]]) }).findings).toHaveLength(2);
  });

  it('could not look where nothing was recorded', async () => {
    const found = run(await only(`${DOCS}long-wait.sql`), { rows, observed: [] });
    expect(found.outcome).toMatchObject({
      outcome: 'not-observable',
      enable: ['dma_fence:dma_fence_wait_start', 'dma_fence:dma_fence_wait_end'],
    });
  });
});

it('the module of docs/rules finds two threads at once, and not one after the other', async () => {
  const found = await only(`${DOCS}invalidations-at-once.ts`);
  const one = { process_id: 1, tid: 10, start_ts: ms(1), return_ts: ms(9), start_event: 1 };
  const two = { ...one, tid: 11, start_ts: ms(5), return_ts: ms(20), start_event: 2 };
  const invalidation = [one, two].map((row) => ({ ...row, lossy: 0 }));
  expect(run(found, { rows: { process: rows.process, invalidation } }).findings).toMatchObject([
    {
      summary: 'Two threads of app (pid 10) were in invalidations together for 4 ms.',
      confidence: 'likely',
      evidence: [1, 2],
    },
  ]);
  const later = [one, { ...two, start_ts: ms(9) + 1 }];
  expect(run(found, { rows: { process: rows.process, invalidation: later } }).findings).toEqual([]);
});

describe('a file of rules', () => {
  it('may hold several, which are numbered, and of which that of all verdicts stays last', async () => {
    const text = `${rule("id: 'one', number: 'D1'")} export const two = { meta: { id: 'two' }, detect: () => [] };`;
    const rules = await loadRules([file('two.mjs', text)]);
    expect(rules.map(({ meta }) => [meta.id, meta.number]).sort()).toEqual([
      ['one', 'U1'],
      ['two', 'U2'],
    ]);
    expect(withRules(rules).at(-1)?.meta.id).toBe('tool-blind');
    expect(withRules(rules)).toHaveLength(detectors.length + 2);
  });

  it('may hold query and meaning in one', async () => {
    const path = file('x.sql+json', '{"id": "x", "sql": ["SELECT 1 AS a", "WHERE 0"]}');
    expect(run(await only(path), {}).outcome).toMatchObject({ outcome: 'clean' });
  });

  it.each([
    ['x.txt', '', /is no rule/],
    ['x.js', 'throw new Error("no");', /cannot be loaded: no/],
    ['x.js', 'export const a = 1;', /exports no detector/],
    ['x.js', 'export default {};', /an object with meta/],
    ['x.js', rule("id: 'Not Good'"), /meta.id must be/],
    ['x.js', rule("id: 'invalidate-stall'"), /there is a detector invalidate-stall already/],
    ['x.js', rule("id: 'x', severity: 'bad'"), /meta.severity must be one of/],
    [
      'x.js',
      rule("id: 'x', needs: [{ oneOf: ['fence.died'], enable: [] }]"),
      /no occurrence fence/,
    ],
    ['x.json', '{"id": "x"}', /has no query/],
    ['x.json', '{', /cannot be read/],
  ])('%s %# is refused', async (name, text, message) => {
    await expect(loadRules([file(name, text)])).rejects.toThrow(message);
  });

  it.each([
    ["yield { severity: 'bad' };", /severity bad/],
    ["yield { severity: 'warn', confidence: 'sure' };", /confidence sure/],
    ["yield { severity: 'warn', confidence: 'likely', summary: 's', from: 0 };", /relative ns/],
    ["yield { severity: 'warn', confidence: 'likely', summary: 's', from: 0, to: 1 };", /evidence/],
    ["view.all('DROP TABLE fence');", /only queries that read/],
  ])('has the outcome error where it does %s', async (body, message) => {
    const found = await only(file('x.js', rule("id: 'x'", body)));
    expect(() => run(found, {})).toThrow(message);
  });
});
