import { describe, expect, it } from 'vitest';
import { sampleResult } from '../../test/sample-result.ts';
import type { Finding, FindingChain, Incident } from '../analyzers/finding.ts';
import { bugText, renderBugTexts } from './bug-text.ts';
import { placeIncidents } from './placed-findings.ts';

function finding(id: string): Finding {
  const found = sampleResult().findings.find((one) => one.id === id);
  if (!found) throw new Error(`the sample has no ${id}`);
  return found;
}

const stall = finding('invalidate-stall-0a1b2c3d');
const never = finding('fence-never-signalled-9f8e7d6c');
const capture = {
  ...sampleResult().capture,
  path: 'stall.dat',
  uname: 'Linux lab 6.12.1 x86_64',
};

function textOf(findings: readonly Finding[], cause: string | null = null): string {
  const incident: Incident = {
    id: 'incident-1',
    severity: 'error',
    confidence: 'proven',
    headline: stall.summary,
    from: 0,
    to: 1,
    cause,
    findings: findings.map(({ id }) => id),
    timeline: [],
  };
  const result = sampleResult({ capture, findings, incidents: [incident] });
  const [placed] = placeIncidents(result);
  if (!placed) throw new Error('no incident');
  return bugText(placed, result);
}

describe('the text for a bug report', () => {
  it('says what, where, how sure, and shows the events', () => {
    expect(textOf([stall]).split('\n').slice(0, 20)).toMatchInlineSnapshot(`
      [
        "mprotect() by svmload (tid 172) was held up for 411.8 ms in mmu_notifier_invalidate_range_start: svmlab_invalidate waited 409.2 ms for fence 3:2 (svmlab-ring0).",
        "",
        "Kernel: Linux 6.12.1",
        "Machine: lab, x86_64, 4 CPUs",
        "Recording: stall.dat (trace.dat 7), 4.9 s from 95.123456789 s, clock mono, 68,336 events",
        "Complete: At least 1,200 events lost on CPUs 0, 2",
        "Found by: svm-trace 0.1.0, error, proven, invalidate-stall, incident-1",
        "",
        "Range: 0x7f2a4c000000",
        "Range size: 64 KiB",
        "Held up: 411.8 ms",
        "Began: +1.402000 s",
        "Fence waits inside: 1",
        "Returned: -11 (-EAGAIN)",
        "Waited for: fence 3:2 (svmlab-ring0)",
        "Actor: <script>alert(1)</script>",
        "",
        "Events, as trace-cmd report prints them:",
        "         svmload-172   [001]    96.525457: inval_start:          mm=0xffff9a3e start=0x7f2a4c000000 end=0x7f2a4c010000",
        "         svmload-172   [001]    96.525657: drv_inval:            mni=0xffff9a3e0c5f1200 seq=7",
      ]
    `);
    expect(textOf([stall])).toContain('Events, as trace-cmd report prints them:\n');
    expect(textOf([stall])).toContain('(2 more events left out)');
  });

  it('tells where the chain of causes ends, and the chain', () => {
    const chain: FindingChain = {
      at: 1_800_000_000,
      hops: [
        {
          object: { kind: 'invalidation', id: 2, label: 'the invalidation' },
          state: 'stood in invalidate_range_start',
          since: 1_402_000_000,
          relation: '',
          certainty: 'recorded',
          evidence: [],
        },
        {
          object: { kind: 'fence', id: 2, label: 'fence 3:2' },
          state: 'was unsignalled',
          since: 1_400_000_000,
          relation: 'waits for',
          certainty: 'inferred',
          evidence: [],
        },
      ],
      end: { kind: 'lost', text: 'who signals it was not recorded', enable: ['gpu_scheduler:*'] },
    };
    const text = textOf([{ ...stall, chain }]);
    expect(text.split('\n')[1]).toBe(
      'Traced to: fence 3:2 was unsignalled since +1.400000 s; from there the trail is lost: who signals it was not recorded.',
    );
    expect(text).toContain(
      '-> waits for fence 3:2, which was unsignalled since +1.400000 s (inferred)\n=> the trail is lost here',
    );
  });

  it('tells several findings in order of time, and each event and step once', () => {
    const text = textOf([stall, { ...never, evidence: stall.evidence, next: stall.next }]);
    const order = text.slice(text.indexOf('In order of time:'));
    expect(order.indexOf(stall.summary)).toBeLessThan(order.indexOf(never.summary));
    expect(text.split('seq=7')).toHaveLength(2);
    expect(text.split(stall.next[0] ?? '')).toHaveLength(2);
  });

  it('is the same on the command line, for every incident', () => {
    const result = sampleResult({ capture, findings: [stall], incidents: [] });
    const kept = { ...result.capture, path: '/home/someone/secret/a\u202eb.dat' };
    const text = renderBugTexts({ ...result, capture: kept });
    expect(text).toContain('Recording: a\\u202eb.dat (');
    expect(text).not.toContain('secret');
    const hostile = { ...stall, summary: 'a \u001b[31m name' };
    expect(renderBugTexts(result)).toContain(stall.summary);
    expect(renderBugTexts({ ...result, findings: [hostile] })).toContain('a \\u001b[31m name');
    expect(renderBugTexts(sampleResult()).split('-'.repeat(72))).toHaveLength(
      sampleResult().incidents.length,
    );
    expect(renderBugTexts(sampleResult({ findings: [] }))).toBe('No incident to report.\n');
  });
});
