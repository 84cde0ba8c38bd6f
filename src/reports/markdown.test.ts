import { describe, expect, it } from 'vitest';
import { HOSTILE_NAMES, sampleResult } from '../../test/sample-result.ts';
import type { EvidenceLine, Finding } from '../analyzers/finding.ts';
import type { Result } from '../analyzers/result.ts';
import { fileName } from './inputs.ts';
import { renderMarkdown } from './markdown.ts';
import { markdownCode, markdownTable, markdownText } from './markdown-text.ts';
import { renderText } from './text.ts';

/** Besides those that break HTML: what GitHub itself would act upon. */
const HOSTILE = [
  ...HOSTILE_NAMES,
  '@torvalds',
  'a@evil.example',
  '#1',
  'GH-1',
  'www.evil.example',
  '[click](javascript:alert(1))',
  '![](https://evil.example/x.png)',
  '**bold** __init __bold__ ~~gone~~ $x$ :bug:',
  'a | b',
  '# heading',
  '- item',
  '1. item',
  '> quote',
  '`code` ``` fence',
  '\n```\n</details>\n# out of the fence\n',
];

/** Outside code: what Markdown or GitHub would act upon. */
const ACTIVE: readonly RegExp[] = [
  /<(?!\/?details>|\/?summary>)/,
  /(?<!\\)(?:\*(?!\*)|`|\[|!\[|~~|\$)/,
  /(?<![\\a-z0-9_])_|(?<!\\)_(?![a-z0-9_])/i,
  /@\w/,
  /#\d/,
  /\bGH-\d/i,
  /:\/\//,
  /\bwww\./i,
  /:[a-z]\w*:/i,
  /[^\P{C}\n]/u,
];

/** The zero width spaces as something seen, so that what is written around them can be tested. */
const spaced = (text: string): string => text.replaceAll('&#8203;', '·');

/** Everything but code fences, code we wrote ourselves and emphasis we wrote ourselves. */
function outsideCode(markdown: string): string {
  return markdown
    .replaceAll(/^(`{3,})\w*\n[\s\S]*?\n\1$/gm, '')
    .replaceAll('`--verbose`', '')
    .replaceAll(/^\*\*(.*)\*\*$/gm, '$1');
}

function hostileResult(): Result {
  const base = sampleResult();
  const [first] = base.findings;
  const line = first?.evidence[0] as EvidenceLine;
  const findings = HOSTILE.map(
    (name, n): Finding => ({
      ...(first as Finding),
      id: `invalidate-stall-0000000${n}`,
      summary: name,
      details: [{ label: name, value: { type: 'text', value: name } }],
      evidence: [{ ...line, comm: name, text: name }],
      next: [name],
    }),
  );
  return sampleResult({ findings, incidents: [] });
}

describe('a name in Markdown', () => {
  it.each(HOSTILE)('%j neither acts nor begins a block', (name) => {
    const text = spaced(markdownText(name));
    for (const pattern of ACTIVE) expect(text).not.toMatch(pattern);
    expect(text).not.toMatch(/^(?:[-+>#]|\d+[.)])(?:\s|$)/);
    expect(text).not.toContain('\n');
    expect(text.replaceAll('\\|', '')).not.toContain('|');
  });

  it('of the kernel stays as it is', () => {
    const name = 'mmu_notifier_invalidate_range_start() took 5.08 s at +0.5 s: -EBUSY';
    expect(markdownText(name)).toBe(name);
  });

  it('reads as before once the escapes are taken away', () => {
    const read = (text: string) =>
      text
        .replaceAll('&#8203;', '')
        .replaceAll(/\\([!-/:-@[-`{-~])/g, '$1')
        .replaceAll('&gt;', '>')
        .replaceAll('&lt;', '<')
        .replaceAll('&amp;', '&');
    for (const name of HOSTILE.filter((one) => !/\p{C}|\u2028/u.test(one))) {
      expect(read(markdownText(name))).toBe(name);
    }
  });
});

it('a fence is longer than any in its lines', () => {
  expect(markdownCode(['a', '````', 'b'])).toBe('`````\na\n````\nb\n`````');
  expect(markdownCode(['a'], 'sh')).toBe('```sh\na\n```');
});

it('every row of a table has as many cells', () => {
  const rows = markdownTable(HOSTILE.map((name) => [name, name]));
  for (const row of rows) expect(row.replaceAll('\\|', '').split('|')).toHaveLength(4);
});

describe('the report in Markdown', () => {
  it('lets no hostile name act', () => {
    const markdown = renderMarkdown(hostileResult(), { verbose: true });
    const outside = spaced(outsideCode(markdown));
    for (const pattern of ACTIVE) expect(outside).not.toMatch(pattern);
    expect(outside).not.toMatch(/^# /m);
    expect(outside.match(/^<\/details>$/gm)).toHaveLength(1);
  });

  it('says what the terminal says, in the same order', () => {
    const { capture } = sampleResult();
    const inputs = capture.inputs.map((input) => ({ ...input, path: fileName(input.path) }));
    const result = sampleResult({ capture: { ...capture, inputs } });
    const words = (text: string) =>
      text
        .replaceAll('&#8203;', '')
        .replaceAll('&gt;', '>')
        .replaceAll('&lt;', '<')
        .replaceAll('&amp;', '&')
        .match(/[\p{L}\p{N}]+/gu) ?? [];
    // its own: the heading of the folded table, the language of the commands, the name of the fold
    const own = /^\| detector \| reason \|$|^<details>.*$|^<\/details>$/gm;
    const markdown = words(renderMarkdown(result).replaceAll(own, '').replaceAll('```sh', ''));
    const text = words(renderText(result).replaceAll(/^ *first line/gm, ''));
    expect(markdown).toEqual(text);
  });

  it('keeps the folders of the recording to itself', () => {
    const result = sampleResult();
    expect(renderText(result)).toContain('captures/');
    expect(renderMarkdown(result)).not.toContain('captures/');
  });

  it('fits an issue of GitHub, which takes 65,536 characters', () => {
    const [failure] = sampleResult().findings;
    const findings = Array.from({ length: 300 }, (_, n) => ({
      ...(failure as Finding),
      id: `x-${n}`,
    }));
    const markdown = renderMarkdown(sampleResult({ findings, incidents: [] }));
    expect(markdown).toContain('And 280 error more');
    expect(markdown.length).toBeLessThan(65_536);
  });
});
