import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleResult } from '../../test/sample-result.ts';
import { NO_FIGURES } from '../analyzers/result.ts';
import { escapeJson } from './html/inline.tsx';
import { visible, visibleData, visibleLines, visibleResult, visibleWords } from './visible.ts';

describe('visible', () => {
  it('leaves ordinary text of any script alone', () => {
    for (const text of ['svmload', 'naïve', '日本語', 'a b', '🦊'])
      expect(visible(text)).toBe(text);
  });

  it('shows what cannot be seen', () => {
    expect(visible('\u202egnp.exe')).toBe('\\u202egnp.exe');
    expect(visible('a\nb\tc')).toBe('a\\u000ab\\u0009c');
    expect(visible('\u{e0041}')).toBe('\\u{e0041}');
    expect(visible('\ud800')).toBe('\\ud800');
  });

  it('keeps the lines of a stack and nothing else', () => {
    expect(visibleLines('<stack trace>\n => a\u0007\n\t=> b\n')).toBe(
      '<stack trace>\n => a\\u0007\n\t=> b',
    );
  });
});

describe('visibleData', () => {
  it('shortens what is too long for any name, and says how long it is', () => {
    const long = `a${'b'.repeat(3_000)}c`;
    expect(visibleData({ name: `fence ${long} of x` })).toEqual({
      name: `fence a${'b'.repeat(39)}…(3,002 characters)…${'b'.repeat(39)}c of x`,
    });
    expect(visibleData('word '.repeat(2_000)).length).toBeLessThan(4_100);
    const sentence = 'a sentence of some words. '.repeat(100);
    expect(visibleData(sentence)).toBe(sentence);
  });
});

describe('visibleWords', () => {
  it('is the visible Result without what only pages draw', () => {
    const result = sampleResult();
    expect(visibleWords(result)).toEqual({ ...visibleResult(result), ...NO_FIGURES });
    expect(result.objects).not.toEqual([]);
  });
});

describe('escapeJson', () => {
  it('is the same data, and can end neither its element nor a line', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, text) => {
        const data = [value, `</script>${text}<!--\u2028`];
        const json = escapeJson(data);
        expect(json).not.toMatch(/[<>&\u2028\u2029]/);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(data)));
      }),
    );
  });
});
