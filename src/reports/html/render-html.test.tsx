import { describe, expect, it } from 'vitest';
import { HOSTILE_NAMES, sampleResult } from '../../../test/sample-result.ts';
import type { Finding, Incident } from '../../analyzers/finding.ts';
import { renderHtml } from './render-html.tsx';

/** The page without the plot libraries, which are the same in every report. */
function ownMarkup(html: string): string {
  return html.replace(/<script>.*?<\/script>/gs, '').replace(/<template .*?<\/template>/s, '');
}

/** Tags in order, void elements left out, for a check that they nest. */
function openAndCloseTags(markup: string): string[] {
  const elements = markup.matchAll(/<(\/?)([a-z][a-z0-9]*)(?:\s[^<>]*?)?(\/?)>/gi);
  return [...elements]
    .filter(([, , name, empty]) => empty === '' && !/^(meta|input|br|link)$/.test(name ?? ''))
    .map(([, slash, name]) => `${slash}${name}`);
}

/** What of a page matches: short in a failure's message, where the page itself would not be. */
function found(page: string, pattern: RegExp): string[] {
  return [...page.matchAll(new RegExp(pattern, `g${pattern.flags}`))].map(([text]) => text);
}

function incidentOf({ severity, confidence, summary, from, to, id }: Finding): Incident {
  const common = { severity, confidence, headline: summary, from, to, cause: null, timeline: [] };
  return { id: 'incident-x', findings: [id], ...common };
}

describe('renderHtml', () => {
  const html = renderHtml(sampleResult());

  it('never writes a hostile name as markup', () => {
    const markup = ownMarkup(html);
    for (const name of HOSTILE_NAMES.filter((candidate) => /[<&"]/.test(candidate))) {
      expect(markup.includes(name), name).toBe(false);
    }
    expect(found(markup, /<(img|svg) [^>]*\bon/)).toEqual([]);
    expect(found(markup, /<script(?! type="application\/json"[^<>]*>[^<>]*<\/script>)/)).toEqual(
      [],
    );
    expect(markup.includes('<script type="application/json" id="plots">')).toBe(true);
  });

  it('shows control, bidi and zero-width characters as escapes', () => {
    const invisible = found(html, /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(invisible).toEqual([]);
    expect(html.includes('\\u202egnp.exe\\u2066')).toBe(true);
    expect(html.includes('red\\u001b[31m\\u0007bell')).toBe(true);
  });

  it('is well formed: every element closes where it should', () => {
    const open: string[] = [];
    for (const tag of openAndCloseTags(ownMarkup(html))) {
      if (tag.startsWith('/')) expect(`/${open.pop()}`).toBe(tag);
      else open.push(tag);
    }
    expect(open).toEqual([]);
  });

  it('has unique ids', () => {
    const ids = [...ownMarkup(html).matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    expect(ids.length).toBeGreaterThan(10);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('refers to nothing outside itself', () => {
    const references = ownMarkup(html).matchAll(
      /\s(?:src|href|action|data|srcset|xlink:href)="([^"]*)"/g,
    );
    for (const [, target] of references) expect(target).toMatch(/^#/);
    expect(found(html, /@import|url\(\s*["']?(?!#)["']?[a-z/]/)).toEqual([]);
  });

  it('allows exactly its own scripts and style', () => {
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|http|data:|blob:/);
    expect(policy.match(/sha256-/g)).toHaveLength(html.match(/<script>|<style>/g)?.length ?? -1);
  });

  it('leads with the worst finding, not the first one', () => {
    expect(
      found(html, /<h1>Fence 3:3 \(svmlab-ring0\) of svmload \(pid 172\) was never signalled/),
    ).toHaveLength(1);
  });

  it('says which commands would have recorded what was missing', () => {
    expect(html.includes('-e sched:sched_process_exit')).toBe(true);
    expect(html.includes("echo 'p:svm/fence_signal dma_fence_signal_timestamp_locked")).toBe(true);
  });

  it('draws nothing for an empty distribution and says why', () => {
    const { distributions, figures } = sampleResult();
    const empty = sampleResult({
      distributions: distributions.slice(-1),
      figures: { breakdowns: [], attempts: null, faultsOverTime: null, notDrawn: figures.notDrawn },
      losses: [],
    });
    const page = renderHtml(empty);
    expect(page.includes('not recorded: jobs queued (drm_sched_job_queue).')).toBe(true);
    expect(page.includes('id="plots"')).toBe(false);
    // without the plot libraries, which are nearly a megabyte
    expect(page.length).toBeLessThan(500_000);
  });

  it('never calls ticks seconds', () => {
    const sample = sampleResult();
    const clock = { name: 'x86-tsc', unit: 'ticks', base: '1' } as const;
    const capture = { ...sample.capture, clock };
    const page = renderHtml(sampleResult({ capture, findings: [], timeline: [] }));
    const text = ownMarkup(page).replace(/<style>.*?<\/style>/s, '');
    expect(text.includes('4,900,000,000 ticks')).toBe(true);
    expect(found(text, /\d (?:ns|µs|ms|s)\b/)).toEqual([]);
    expect(text.includes('since the first event, s')).toBe(false);
  });

  it('does not call a capture clean when nobody could look', () => {
    const sample = sampleResult();
    const blind = sample.detectors.filter((run) => run.outcome === 'not-observable');
    const page = renderHtml(sampleResult({ findings: [], detectors: blind, worst: null }));
    expect(page.includes('<h1>Nothing can be said')).toBe(true);
  });

  it('shows the worst of very many incidents whole, others in a line, and counts the rest', () => {
    const [first] = sampleResult().findings;
    if (!first) throw new Error('the sample has findings');
    const findings = Array.from({ length: 1_000 }, (_, n) => ({ ...first, id: `many-${n}` }));
    const incidents = findings.map(({ id }) => ({
      ...incidentOf(first),
      id: `of-${id}`,
      findings: [id],
    }));
    const page = renderHtml(sampleResult({ findings, incidents }));
    expect(found(page, /<details class="incident/)).toHaveLength(60);
    expect(page.includes('940 more incidents, none of them worse: 940 error')).toBe(true);
    expect(page.includes('id="of-many-559"')).toBe(true);
    expect(page.includes('440 more incidents (440 error)')).toBe(true);
    expect(page.length).toBeLessThan(4_000_000);
  });

  it('tells all findings of one large incident, and says how many events it does not show', () => {
    const [first] = sampleResult().findings;
    if (!first) throw new Error('the sample has findings');
    const findings = Array.from({ length: 300 }, (_, n) => ({
      ...first,
      id: `many-${n}`,
      evidence: first.evidence.map((line) => ({ ...line, event: line.event + n * 100 })),
      evidenceOmitted: 0,
    }));
    const incident = { ...incidentOf(first), findings: findings.map(({ id }) => id) };
    const page = renderHtml(sampleResult({ findings, incidents: [incident] }));
    expect(found(page, /<details class="finding/)).toHaveLength(300);
    expect(page.includes('284 more steps')).toBe(true);
    expect(page.includes('Evidence: 1,500 events')).toBe(true);
    expect(page.includes('1,300 more are left out here.')).toBe(true);
  });

  it('survives an incident of thousands of findings, and counts what it does not show', () => {
    const [first] = sampleResult().findings;
    if (!first) throw new Error('the sample has findings');
    const findings = Array.from({ length: 5_000 }, (_, n) => ({
      ...first,
      id: `many-${n}`,
      next: [`Look at ${n}.`],
    }));
    const incident = { ...incidentOf(first), findings: findings.map(({ id }) => id) };
    const begun = performance.now();
    const page = renderHtml(sampleResult({ findings, incidents: [incident] }));
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(page.length).toBeLessThan(8_000_000);
    expect(page.includes('4,984 more steps')).toBe(true);
    expect(page.includes('4,700 more steps: the findings are in the database')).toBe(true);
    expect(page.includes('4,960 more steps, with their findings in the database')).toBe(true);
    expect(page.includes('(4,988 more)')).toBe(true);
  });

  it('stays below 2.5 MB without data', () => {
    expect(Buffer.byteLength(html)).toBeLessThan(2_500_000);
  });

  it('carries thousands of objects as data, not as rows of HTML', () => {
    const [fences] = sampleResult().objects;
    if (fences === undefined) throw new Error('the sample has fences');
    const rows = Array.from({ length: 5_000 }, (_, n) => fences.rows[n % fences.rows.length] ?? []);
    const objects = Array.from({ length: 4 }, (_, n) => ({ ...fences, kind: `kind${n}`, rows }));
    const bytes = JSON.stringify(objects).length;
    const page = renderHtml(sampleResult({ objects }));
    expect(Buffer.byteLength(page) - Buffer.byteLength(html)).toBeLessThan(1.5 * bytes);
    expect(Buffer.byteLength(page)).toBeLessThan(15_000_000);
  });
});
