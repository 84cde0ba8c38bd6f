import { describe, expect, it } from 'vitest';
import { sampleResult } from '../../test/sample-result.ts';
import type { LogGroup } from '../analyzers/result.ts';
import { logGroupText } from './kernel-log.ts';
import { renderText } from './text.ts';

const group = (rest: Partial<LogGroup>): LogGroup => ({
  boot: 0,
  source: 'xe',
  class: 'gpu-page-fault',
  device: null,
  count: 1,
  consequences: 0,
  bodyMissing: 0,
  hiddenAtLeast: 0,
  running: 0,
  first: 0,
  last: 0,
  event: 1,
  line: 'x',
  processes: [],
  engines: [],
  meanings: [],
  hints: [],
  accesses: [],
  pages: null,
  ...rest,
});

describe('a group of records in words', () => {
  it.each([
    ['how many', {}, '1 record'],
    [
      'bodies that a filter removed',
      { count: 3, bodyMissing: 3 },
      '3 records; 3 with the body missing: a filter like grep removed it',
    ],
    [
      'consequences',
      { count: 2, consequences: 2 },
      '2 records; all after a reset or kill, so consequences of it',
    ],
    [
      'what rate limiting hid is of a function',
      { class: 'suppressed', hiddenAtLeast: 40, meanings: ['dmar_fault'] },
      '1 record; at least 40 messages of dmar_fault left out, of whatever device',
    ],
    ['running counts', { count: 6, running: 35 }, '6 records; running count up to 35'],
    [
      'pages, ranges, access and reason',
      {
        accesses: [{ access: 'write', count: 1 }],
        meanings: ['not present'],
        pages: {
          distinct: 3,
          ranges: [
            { from: '0x1000', to: '0x3000', pages: 2 },
            { from: '0x9000', to: '0xa000', pages: 1 },
          ],
          rangesOmitted: 0,
        },
      },
      '1 record; 3 pages: 0x1000-0x3000, 0x9000; 1 write; not present',
    ],
  ] as const)('%s', (_, rest, text) => {
    expect(logGroupText(group(rest))).toBe(text);
  });
});

it('the report on the terminal has a part of it, cut short when there are many', () => {
  const many = Array.from({ length: 15 }, (_, n) => group({ device: `gpu${n}` }));
  const text = renderText(sampleResult({ kernelLog: many }));
  expect(text).toContain('Kernel log\n  gpu-page-fault on gpu0 (xe)');
  expect(text).toContain('And 3 more kinds');
  expect(renderText(sampleResult({ kernelLog: [] }))).not.toContain('Kernel log');
});
