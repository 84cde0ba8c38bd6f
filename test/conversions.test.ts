/** A recording that trace-cmd converts to another container is the same recording. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import { walkEvents } from '../src/store/event-walk.ts';
import { openStore } from '../src/store/reader.ts';
import { scratch } from './scratch.ts';
import { hasTraceCmd } from './trace-cmd.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));
const folder = scratch('conversions');

/** All events of a capture, and its findings. */
async function read(capture: string) {
  const db = join(folder, 'capture.db');
  const { result } = await analyze(capture, { db, events: 'all', force: true, figures: false });
  const store = openStore(db);
  try {
    const events = [...walkEvents(store)].map(({ type, ...event }) => ({
      ...event,
      type: `${type.system}:${type.name}`,
    }));
    const findings = result.findings.map(({ detector, severity, summary }) => [
      detector,
      severity,
      summary,
    ]);
    return { events, findings };
  } finally {
    store.close();
  }
}

describe.skipIf(!hasTraceCmd)('trace-cmd convert', () => {
  it.each([
    ['s612-svm-stall/svm-stall.dat', '--file-version', '6'],
    ['s612-svm-stall/svm-stall.dat', '--compression', 'none'],
    ['s612-svm-stall-v6/svm-stall-v6.dat', '--file-version', '7'],
    ['s612-svm-die/svm-die.dat', '--file-version', '6'],
    ['s612-ft-function_graph/ft-function_graph.dat', '--file-version', '6'],
  ])('%s %s %s gives equal events and findings', async (name, ...options) => {
    const original = await read(join(FIXTURES, name));
    const converted = join(folder, 'converted.dat');
    const run = spawnSync(
      'trace-cmd',
      ['convert', '-i', join(FIXTURES, name), '-o', converted, ...options],
      { encoding: 'utf8' },
    );
    expect(run.status, run.stderr).toBe(0);
    const back = await read(converted);
    expect(original.events.length).toBeGreaterThan(40);
    expect(back).toEqual(original);
  });
});
