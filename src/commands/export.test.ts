import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { analyze } from '../analyzers/analyze.ts';
import { walkEvents } from '../store/event-walk.ts';
import { openStore } from '../store/reader.ts';
import { csvText } from './export.ts';

const folder = mkdtempSync(join(tmpdir(), 'svm-trace-export-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Analyses a capture; its events as stored, its findings, and its events as CSV. */
async function analysed(capture: string, name: string) {
  const db = join(folder, name);
  const { result } = await analyze(capture, { db, events: 'all', force: true, figures: false });
  const store = openStore(db);
  try {
    const events = [...walkEvents(store)].map(({ type, ...event }) => ({
      ...event,
      type: `${type.system}:${type.name}`,
    }));
    let text = '';
    for await (const piece of csvText(store)) text += piece;
    const findings = result.findings
      // CSV does not say which types were recorded and did not occur
      .filter(({ detector }) => detector !== 'tool-blind')
      .map(({ detector, severity, confidence, summary }) => ({
        detector,
        severity,
        confidence,
        summary,
      }));
    return { events, findings, text };
  } finally {
    store.close();
  }
}

async function again(text: string) {
  const path = join(folder, 'capture.csv');
  writeFileSync(path, text);
  return analysed(path, 'again.db');
}

describe('a database exported as CSV and read again', () => {
  it.each([
    'fixtures/s612-svm-stall/svm-stall.dat',
    'fixtures/s612-svm-storm/svm-storm.dat',
    'fixtures/s612-svm-stall-text/svm-stall-text.ftrace.txt',
    'fixtures/s612-perf-ghost/perf-ghost.perf.data',
  ])('%s gives equal events and findings', async (capture) => {
    const original = await analysed(capture, 'original.db');
    const back = await again(original.text);
    expect(original.events.length).toBeGreaterThan(50);
    expect(back.events).toEqual(original.events);
    expect(back.findings).toEqual(original.findings);
  });

  it('keeps the records of a function tracer, though not the symbols their addresses need', async () => {
    const graph = 'fixtures/s612-ft-function_graph/ft-function_graph.dat';
    const original = await analysed(graph, 'original.db');
    const back = await again(original.text);
    expect(original.events.length).toBeGreaterThan(300);
    expect(back.events).toEqual(original.events);
  });

  it('keeps hostile text, with the formulae disarmed', async () => {
    const cells = ["'=cmd|' /C calc'!A0", "''=x", "'", '"a\n""b"""', "'@sum", '"\'=1\nx"'];
    const rows = cells.map((cell, n) => `${n},0,1,'+comm,s:n,${cell},-1`).join('\n');
    const first = await again(`ts,cpu,tid,comm,event,a:string,b\n${rows}\n`);
    expect(first.events.map(({ fields }) => fields.a)).toEqual([
      "=cmd|' /C calc'!A0",
      "'=x",
      '',
      'a\n"b"',
      '@sum',
      '=1\nx',
    ]);
    expect(first.text).not.toMatch(/(^|,)"?[=+@]/);
    expect((await again(first.text)).events).toEqual(first.events);
  });
});
