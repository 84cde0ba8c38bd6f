/** What `events` prints of perf.data against what the perf that recorded prints. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compareLines, type KnownException } from '../scripts/compare-lines.ts';
import { printEvents } from '../src/commands/events.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));
const EXCEPTIONS: KnownException[] = JSON.parse(
  readFileSync(new URL('../scripts/perf-exceptions.json', import.meta.url), 'utf8'),
);

const captures = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.perf.data'))
  .sort();

it('there are captures, each with its golden', () => {
  expect(captures.length).toBeGreaterThanOrEqual(5);
  for (const name of captures) {
    expect(existsSync(join(FIXTURES, name.replace(/\.perf\.data$/, '.script.txt')))).toBe(true);
  }
});

describe('events prints what perf script prints, but for the known exceptions', () => {
  it.each(captures)('%s', (name) => {
    const path = join(FIXTURES, name);
    const golden = readFileSync(path.replace(/\.perf\.data$/, '.script.txt'), 'utf8');
    let text = '';
    printEvents(path, { style: 'no-plugins' }, (chunk) => {
      text += chunk;
      return true;
    });
    const { differences, equal, compared } = compareLines(golden, text, path, EXCEPTIONS);
    expect(differences).toEqual([]);
    expect(equal).toBeGreaterThan(compared * 0.7);
  });
});
