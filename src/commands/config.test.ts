import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { scratch } from '../../test/scratch.ts';
import { readConfig } from './config.ts';

function file(text: string): string {
  const path = join(scratch(), 'config.json');
  writeFileSync(path, text);
  return path;
}

it('reads thresholds', () => {
  const thresholds = { 'invalidate-stall': { warn: '20 ms' } };
  expect(readConfig(file(JSON.stringify({ thresholds })))).toEqual({ thresholds });
  expect(readConfig(file('{}'))).toEqual({ thresholds: {} });
});

it('has nothing to say where there is no file', () => {
  expect(readConfig()).toEqual({ thresholds: {} });
});

it.each([
  ['', /cannot be read/],
  ['[]', /holds no object/],
  ['{"threshold": {}}', /no setting threshold/],
  ['{"thresholds": 3}', /must name detectors/],
  ['{"thresholds": {"invalidate-stall": 3}}', /must name detectors/],
])('refuses %j', (text, message) => {
  expect(() => readConfig(file(text))).toThrow(message);
});

it('wants a file that was named', () => {
  expect(() => readConfig(join(scratch(), 'none.json'))).toThrow(/none\.json cannot be read/);
});
