import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { compareLines, type KnownException } from '../scripts/compare-lines.ts';
import { type PrintEventsOptions, printEvents } from '../src/commands/events.ts';
import { hasTraceCmd } from './trace-cmd.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));
const EXCEPTIONS: KnownException[] = JSON.parse(
  readFileSync(new URL('../scripts/golden-exceptions.json', import.meta.url), 'utf8'),
);

const captures = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.dat'))
  .sort();

function printed(path: string, options: PrintEventsOptions): string {
  let text = '';
  printEvents(path, options, (chunk) => {
    text += chunk;
    return true;
  });
  return text;
}

function golden(path: string): string {
  const text = path.replace(/\.dat$/, '.report.txt');
  return existsSync(text)
    ? readFileSync(text, 'utf8')
    : gunzipSync(readFileSync(`${text}.gz`)).toString();
}

describe('events prints what trace-cmd report prints, byte for byte', () => {
  it.each(captures)('%s', (name) => {
    const path = join(FIXTURES, name);
    expect(printed(path, { style: 'plugins' })).toBe(golden(path));
  });
});

const VARIANTS: readonly [flags: string[], PrintEventsOptions][] = [
  [['-N'], { style: 'no-plugins' }],
  [['-R'], { style: 'raw' }],
  [['-t', '-l'], { style: 'plugins', nanoseconds: true, latency: true }],
  [['-R', '-l'], { style: 'raw', latency: true }],
];

describe.skipIf(!hasTraceCmd)('and with its options, but for the known exceptions', () => {
  describe.each(VARIANTS)('%s', (flags, options) => {
    it.each(captures)('%s', (name) => {
      const path = join(FIXTURES, name);
      const run = spawnSync('trace-cmd', ['report', ...flags, '-i', path], {
        encoding: 'utf8',
        maxBuffer: 1 << 28,
      });
      const { differences, equal } = compareLines(
        run.stdout,
        printed(path, options),
        name,
        EXCEPTIONS,
      );
      expect(differences).toEqual([]);
      expect(equal).toBeGreaterThan(1);
    });
  });
});

describe('the comparison itself', () => {
  const exception = { reason: 'because', theirs: '^a1$', ours: '^b1$' };

  it('finds a changed line, a missing one and a surplus one', () => {
    const { differences } = compareLines('x\na\ny\ngone\nz\n', 'x\nb\ny\nz\nmore\n', 'f', []);
    expect(differences.map(({ theirs, ours }) => [theirs, ours])).toEqual([
      ['a', 'b'],
      ['gone', '(no such line)'],
      ['(no such line)', 'more'],
    ]);
  });

  it('excuses only what both patterns of an exception match', () => {
    const { differences, exceptions } = compareLines('a1\na1\n', 'b1\nb2\n', 'f', [exception]);
    expect(exceptions).toHaveLength(1);
    expect(differences.map(({ ours }) => ours)).toEqual(['b2']);
  });
});
