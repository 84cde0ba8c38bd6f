import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { scenario } from '../../test/scenario/scenario.ts';
import { scratch } from '../../test/scratch.ts';
import { renderHtml } from '../reports/html/render-html.tsx';
import { renderJson } from '../reports/json.ts';
import { renderText } from '../reports/text.ts';
import { openStore } from '../store/reader.ts';
import { analyze } from './analyze.ts';
import type { Detector, DetectorMeta } from './detector.ts';
import type { FindingDraft } from './finding.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
const stall = fixture('s612-svm-stall/svm-stall.dat');

const meta = (rest: Partial<DetectorMeta> = {}): DetectorMeta => ({
  id: 'test-detector',
  number: 'D0',
  title: 'Test',
  description: 'Test.',
  severity: 'error',
  needs: [],
  uses: [],
  traps: [],
  references: [],
  ...rest,
});

const draft = (evidence: readonly number[], rest: Partial<FindingDraft> = {}): FindingDraft => ({
  severity: 'warn',
  confidence: 'likely',
  summary: 'Something happened.',
  from: 0,
  to: 1,
  objects: [],
  details: [],
  evidence,
  next: [],
  identity: [],
  key: {},
  ...rest,
});

const detector = (drafts: readonly FindingDraft[], rest?: Partial<DetectorMeta>): Detector => ({
  meta: meta(rest),
  *detect() {
    yield* drafts;
  },
});

async function findingsOf(...detectors: Detector[]) {
  return (await analyze(stall, { detectors, strict: true })).result;
}

test('every event of the capture is a row or counted, and the view event has the rows', async () => {
  const db = join(scratch(), 'x.db');
  const { result } = await analyze(stall, { db, strict: true });
  const store = openStore(db);
  const counted = result.capture.eventTypes.reduce((sum, type) => sum + type.events, 0);
  const selected = result.capture.eventTypes.filter((type) => type.selected);
  expect(counted).toBe(result.capture.events);
  expect(store.all('SELECT count(*) AS rows FROM event')).toEqual([
    { rows: selected.reduce((sum, type) => sum + type.events, 0) },
  ]);
  expect(store.all('SELECT id FROM event ORDER BY ts, id')).toEqual(
    store.all('SELECT id FROM event ORDER BY id'),
  );
  store.close();
});

test('--events all stores what the catalogue does not know, the default only counts it', async () => {
  const lost = fixture('c612-lost-events/lost-events.dat');
  const directory = scratch();
  const [few, all] = [join(directory, 'few.db'), join(directory, 'all.db')];
  const { result } = await analyze(lost, { db: few, strict: true });
  await analyze(lost, { db: all, events: 'all', strict: true });
  const rows = (path: string): number => {
    const store = openStore(path);
    const [row] = store.all<{ rows: number }>('SELECT count(*) AS rows FROM event');
    store.close();
    return row?.rows ?? 0;
  };
  expect(rows(all)).toBe(result.capture.events);
  expect(rows(few)).toBeLessThan(result.capture.events);
});

test('evidence is printed in time order as trace-cmd prints it', async () => {
  const { findings } = await findingsOf(detector([draft([20, 3, 3])]));
  const [first, second, ...rest] = findings[0]?.evidence ?? [];
  expect(rest).toEqual([]);
  expect([first?.event, second?.event]).toEqual([3, 20]);
  expect(first?.type).toMatch(/^\w+:\w+$/);
  expect(first?.text).not.toContain('undefined');
});

test('of too much evidence the first and the last is kept, and the rest counted', async () => {
  const ids = Array.from({ length: 70 }, (_, n) => n + 1);
  const { findings } = await findingsOf(detector([draft(ids)]));
  const events = findings[0]?.evidence.map((line) => line.event) ?? [];
  expect(events).toHaveLength(40);
  expect([events[0], events.at(-1)]).toEqual([1, 70]);
  expect(findings[0]?.evidenceOmitted).toBe(30);
});

test('ids hang on what was found, not on the order; twins differ', async () => {
  const a = draft([1], { key: { pid: 1, tid: 2 } });
  const b = draft([2]);
  const once = await findingsOf(detector([a, b, b]));
  const again = await findingsOf(detector([b, b, { ...a, key: { tid: 2, pid: 1 } }]));
  const ids = once.findings.map((finding) => finding.id);
  expect(new Set(ids).size).toBe(3);
  expect(ids[0]).toMatch(/^test-detector-[0-9a-f]{8}$/);
  expect([...ids].sort()).toEqual(again.findings.map((finding) => finding.id).sort());
});

test('findings come worst first, then by time', async () => {
  const { findings, worst } = await findingsOf(
    detector([
      draft([1], { severity: 'info', from: 0 }),
      draft([2], { severity: 'error', from: 9 }),
      draft([3], { severity: 'error', from: 5 }),
    ]),
  );
  expect(findings.map(({ severity, from }) => [severity, from])).toEqual([
    ['error', 5],
    ['error', 9],
    ['info', 0],
  ]);
  expect(worst).toBe('error');
});

test('outcomes: clean, findings, not observable for want of events or by the detector’s word', async () => {
  const needs = [{ oneOf: ['iommu.fault' as const], enable: ['intel_iommu:prq_report'] }];
  const { detectors } = await findingsOf(
    detector([], { id: 'clean' }),
    detector([draft([1])], { id: 'found' }),
    detector([draft([1])], { id: 'blind', needs }),
    { ...detector([draft([1])], { id: 'torn' }), cannotDecide: () => 'because' },
  );
  expect(detectors).toEqual([
    { detector: 'clean', outcome: 'clean', findings: 0 },
    { detector: 'found', outcome: 'findings', findings: 1 },
    {
      detector: 'blind',
      outcome: 'not-observable',
      findings: 0,
      reason: 'not recorded: page requests and faults of an IOMMU (prq_report, io_page_fault)',
      enable: ['intel_iommu:prq_report'],
    },
    { detector: 'torn', outcome: 'not-observable', findings: 0, reason: 'because' },
  ]);
});

test('a detector that throws is an outcome; in strict mode it is the end', async () => {
  const broken: Detector = {
    meta: meta({ id: 'broken' }),
    // biome-ignore lint/correctness/useYield: it throws before it could
    *detect() {
      throw new Error('boom');
    },
  };
  const detectors = [broken, detector([draft([1])])];
  const { result } = await analyze(stall, { detectors });
  expect(result.detectors[0]).toEqual({
    detector: 'broken',
    outcome: 'error',
    findings: 0,
    reason: 'boom',
  });
  expect(result.findings).toHaveLength(1);
  await expect(analyze(stall, { detectors, strict: true })).rejects.toThrow('boom');
});

test('a finding without evidence is a mistake of its detector', async () => {
  await expect(findingsOf(detector([draft([])]))).rejects.toThrow('without evidence');
});

test('detectors cannot write', async () => {
  const vandal: Detector = {
    meta: meta(),
    *detect(view) {
      view.all('DELETE FROM capture');
      yield draft([1]);
    },
  };
  await expect(findingsOf(vandal)).rejects.toThrow('only queries that read');
});

test('a damaged time stamp makes no report impossible', async () => {
  const path = scenario()
    .at(0, { tid: 7, comm: 'svmload' })
    .fence('init', 3, 1)
    .at(1n << 58n)
    .newPage()
    .fence('signaled', 3, 1)
    .at((1n << 58n) * 40n)
    .newPage()
    .fence('destroy', 3, 1)
    .file();
  const { result } = await analyze(path, { strict: true });
  expect(result.problems.map(({ code }) => code)).toContain('damaged-page');
  expect(result.losses).toHaveLength(1);
  expect(renderJson(result)).toContain('"svm-trace-result"');
  expect(renderText(result)).toContain('Recorded');
  expect(renderHtml(result)).toContain('</html>');
});

test('given up, failed or strict: no file stays behind', async () => {
  const directory = scratch();
  const db = join(directory, 'x.db');
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(analyze(stall, { db, signal })).rejects.toThrow('enough');
  const broken = detector([draft([])]);
  await expect(analyze(stall, { db, detectors: [broken], strict: true })).rejects.toThrow();
  expect(readdirSync(directory)).toEqual([]);
});
