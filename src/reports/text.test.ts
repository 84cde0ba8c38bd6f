import { describe, expect, test } from 'vitest';
import { sampleResult } from '../../test/sample-result.ts';
import type { EvidenceLine, Finding } from '../analyzers/finding.ts';
import type { Result } from '../analyzers/result.ts';
import { eventLine, firstStamp } from './event-line.ts';
import { renderText } from './text.ts';
import { colourStyle } from './text-style.ts';
import { columns, wrap } from './wrap.ts';

const clock = { name: 'mono', unit: 'ns', base: '25891390107' } as const;

const line: EvidenceLine = {
  event: 1,
  ts: 11_136_458,
  cpu: 0,
  tid: 522,
  comm: 'svmload',
  type: 'svm:inval_start',
  text: '(ffffffff9d3ff8d4) mm=0x1',
};

const ESCAPE = String.fromCharCode(27);

test('an event looks as in trace-cmd report', () => {
  expect(eventLine(line, clock)).toBe(
    '         svmload-522   [000]    25.902527: inval_start:          (ffffffff9d3ff8d4) mm=0x1',
  );
});

test('microseconds are rounded, ticks are left alone', () => {
  const at = (ts: number, unit: 'ns' | 'ticks') =>
    eventLine({ ...line, ts }, { ...clock, unit, base: '999999000' }).slice(29, 43);
  expect(at(499, 'ns')).toBe('    0.999999: ');
  expect(at(500, 'ns')).toBe('    1.000000: ');
  expect(at(7, 'ticks')).toBe('  999999007: i');
});

test('the first stamp has all its digits', () => {
  expect(firstStamp(clock)).toBe('25.891390107 s');
  expect(firstStamp({ ...clock, unit: 'ticks' })).toBe('tick 25891390107');
});

test('wrapping never loses a word', () => {
  const text = 'one two three 0x7f24e0de9000-0x7f24e0ded000 four';
  expect(wrap(text, 12)).toEqual(['one two', 'three', '0x7f24e0de9000-0x7f24e0ded000', 'four']);
  expect(
    columns(
      [
        ['a', 'b'],
        ['long', 'c'],
      ],
      80,
    ),
  ).toBe('a     b\nlong  c');
});

describe('the report', () => {
  const base = sampleResult();
  const failure = base.findings.find((finding) => finding.detector !== 'tool-blind') as Finding;
  const report = (rest: Partial<Result>): string => renderText({ ...base, ...rest });

  test('says what was clean only if something looked', () => {
    const clean = { detector: 'invalidate-stall', outcome: 'clean', findings: 0 } as const;
    const blind = { ...clean, outcome: 'not-observable', reason: 'not recorded: x' } as const;
    expect(report({ findings: [], detectors: [clean] })).toContain(
      'Nothing wrong was found by 1 detector.',
    );
    expect(report({ findings: [], detectors: [blind] })).toContain('Nothing can be said');
  });

  test('a detector that failed is no all-clear', () => {
    const run = { detector: 'hmm-timeout', outcome: 'error', findings: 0, reason: 'boom' } as const;
    expect(report({ findings: [], detectors: [run] })).toContain(
      'Nothing can be said. Detector hmm-timeout failed: boom.',
    );
  });

  test('the same advice is given once', () => {
    const twice = [failure, { ...failure, id: `${failure.detector}-00000001` }];
    const text = report({ findings: twice });
    expect(text.split(`next: ${failure.next[0]?.slice(0, 20)}`)).toHaveLength(2);
    expect(text).toContain('next: as for finding 1');
  });

  test('many findings are cut, and --verbose shows them', () => {
    const many = Array.from({ length: 30 }, (_, n) => ({ ...failure, id: `x-${n}` }));
    expect(report({ findings: many })).toContain(`And 10 ${failure.severity} more`);
    expect(renderText({ ...base, findings: many }, { verbose: true })).toContain('x-29');
  });

  test('names in a capture cannot write to the terminal', () => {
    const evil = `a${ESCAPE}]0;owned${String.fromCharCode(7)}\u202eb\nc`;
    const text = report({
      findings: [{ ...failure, summary: evil, evidence: [{ ...line, comm: evil, text: evil }] }],
      capture: { ...base.capture, uname: evil, path: evil },
    });
    expect(text).not.toContain(ESCAPE);
    expect(text).not.toContain('\u202e');
    expect(text).toContain('\\u001b]0;owned\\u0007\\u202eb');
  });

  test('without colours there is no escape, with them there is', () => {
    expect(renderText(base)).not.toContain(ESCAPE);
    expect(renderText(base, { style: colourStyle })).toContain(ESCAPE);
  });
});
