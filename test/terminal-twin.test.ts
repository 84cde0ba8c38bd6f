/**
 * The terminal, the Markdown for an issue and the page say the same things in the same words and
 * order. What they have to say is asked of the summary they share.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import type { Result } from '../src/analyzers/result.ts';
import { causeSentences } from '../src/reports/chains.ts';
import { renderHtml } from '../src/reports/html/render-html.tsx';
import { withoutFolders } from '../src/reports/inputs.ts';
import { logGroupName, logGroupText } from '../src/reports/kernel-log.ts';
import { renderMarkdown } from '../src/reports/markdown.ts';
import { markdownText } from '../src/reports/markdown-text.ts';
import { placeFindings, placeIncidents } from '../src/reports/placed-findings.ts';
import { cannotShow, captureRows, findingRows, verdict } from '../src/reports/summary.ts';
import { renderText } from '../src/reports/text.ts';
import { timeFormat } from '../src/reports/units.ts';
import { visibleResult } from '../src/reports/visible.ts';
import { ROOT } from './cli.ts';
import { sampleResult } from './sample-result.ts';

/** Failures of every kind, none, ticks, losses, a log beside it, other people's formats. */
const RECORDINGS: readonly (readonly string[])[] = [
  ['s612-svm-stall/svm-stall.dat'],
  ['s612-svm-hang/svm-hang.dat'],
  ['s612-svm-ghost/svm-ghost.dat'],
  ['s612-svm-storm/svm-storm.dat'],
  ['s612-svm-error/svm-error.dat'],
  ['s612-svm-die/svm-die.dat'],
  ['s612-svm-stall-tsc/svm-stall-tsc.dat'],
  ['s612-virtio-unplug/virtio-unplug.dat'],
  ['s612-perf-stall/pipe-mode.perf.data'],
  ['c612-lost-events/lost-events.dat'],
  ['c612-hmm-write/hmm-write.dat'],
  ['c612-sched-starve/sched-starve.dat'],
  ['c612-dep-never/dep-never.dat'],
  ['c612-oom-refused/oom-refused.dat', 'c612-oom-refused/dmesg.txt'],
];

interface Statement {
  readonly what: string;
  readonly text: string;
}

/** In the order they are said. */
function statements(result: Result) {
  const time = timeFormat(result.capture.clock);
  const causes = causeSentences(result, time);
  const unseen = cannotShow(result, true);
  return {
    about: captureRows({ ...result, objectCounts: [] }, time).map(([what, text]) => ({
      what,
      text,
    })),
    findings: placeFindings(result).flatMap(({ finding }) => [
      { what: 'finding', text: finding.summary },
      ...[causes.get(finding.id)].flatMap((cause) =>
        cause === undefined ? [] : [{ what: cause.word, text: cause.text }],
      ),
    ]),
    end: [
      ...result.kernelLog.flatMap((group) => [
        { what: 'kernel log', text: logGroupName(group) },
        { what: 'kernel log', text: logGroupText(group) },
      ]),
      ...(unseen?.remarks ?? []).map(({ summary }) => ({ what: 'remark', text: summary })),
    ],
    blind: (unseen?.blind ?? []).flatMap(([detector, reason]) => [
      { what: 'could not look', text: detector },
      { what: 'could not look', text: reason },
    ]),
  };
}

/** Values of findings, without their order: on the page they may be folded elsewhere. */
function values(result: Result): Statement[] {
  const time = timeFormat(result.capture.clock);
  return placeFindings(result).flatMap(({ finding }) =>
    findingRows(finding, result, time)
      .filter(([label]) => label !== 'when')
      .map(([what, text]) => ({ what, text })),
  );
}

const spaced = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

function pageText(html: string): string {
  const text = html
    .replaceAll(/<(script|style|template)\b.*?<\/\1>/gs, '')
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
  return spaced(text);
}

/** What is missing, or comes before what should precede it. */
function unsaid(document: string, wanted: readonly Statement[], inOrder: boolean): string[] {
  let from = 0;
  return wanted.flatMap(({ what, text }) => {
    const at = document.indexOf(spaced(text), inOrder ? from : 0);
    if (at === -1) return [`${what}: ${text}`];
    from = at;
    return [];
  });
}

function check(recorded: Result): void {
  const result = visibleResult({ ...recorded, capture: withoutFolders(recorded.capture) });
  const { about, findings, end, blind } = statements(result);
  const marked = (all: readonly Statement[]): Statement[] =>
    all.map(({ what, text }) => ({ what, text: markdownText(text) }));

  const text = spaced(renderText(result, { verbose: true, width: 100_000 }));
  const judged = { what: 'verdict', text: verdict(result).text };
  expect(unsaid(text, [...about, judged, ...findings, ...end, ...blind], true), 'text').toEqual([]);
  expect(unsaid(text, values(result), false), 'text').toEqual([]);

  const markdown = spaced(renderMarkdown(result, { verbose: true }));
  const all = marked([...about, judged, ...findings, ...end, ...blind]);
  expect(unsaid(markdown, all, true), 'markdown').toEqual([]);
  expect(unsaid(markdown, marked(values(result)), false), 'markdown').toEqual([]);

  const page = pageText(renderHtml(recorded));
  const [first = ''] = judged.text.split(/[.(]/);
  const leads = placeIncidents(result).map(({ lead }) => ({
    what: 'incident',
    text: lead.finding.summary,
  }));
  expect(unsaid(page, [...about, { what: 'verdict', text: first }], false), 'page').toEqual([]);
  expect(unsaid(page, [...leads, ...end], true), 'page').toEqual([]);
  // detectors that could not look are told together where they lack the same
  expect(unsaid(page, [...findings, ...values(result), ...blind], false), 'page').toEqual([]);
}

describe('the terminal, Markdown and the page say the same', () => {
  it.each(RECORDINGS)('%s', async (...paths) => {
    const { result } = await analyze(paths.map((path) => join(ROOT, 'fixtures', path)));
    check(result);
  });

  it('with hostile names', () => check(sampleResult()));
});
