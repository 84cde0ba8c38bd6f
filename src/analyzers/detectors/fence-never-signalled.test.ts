import { expect, it } from 'vitest';
import { ms, type RowOf, run, s } from '../../../test/detector-view.ts';
import { fenceNeverSignalled } from './fence-never-signalled.ts';

const pending: RowOf = {
  context: 8,
  seqno: 3,
  driver: 'svmlab',
  timeline: 'svmlab-ring0',
  owner_tid: 771,
  owner_process_id: 1,
  first_ts: ms(100),
  first_event: 18,
  init_ts: ms(100),
  init_event: 18,
  emit_event: 19,
  lossy: 0,
};
/** Signalled 53 ms after its creation: the slowest of its driver. */
const slow: RowOf = { ...pending, seqno: 2, signaled_ts: ms(153), signaled_event: 46 };
const dead: RowOf = { pid: 771, comm: 'svmload', start_ts: 0, end_ts: ms(102), end_event: 37 };
const alive: RowOf = { pid: 771, comm: 'svmload' };

const judge = (rows: Record<string, readonly RowOf[]>, more: object = {}) =>
  run(fenceNeverSignalled, { rows: { process: [dead], ...rows }, end: ms(320), ...more });

it('finds what a dead process left behind, and not what signalled after its death', () => {
  const { findings } = judge({ fence: [slow, pending] });
  expect(findings).toMatchObject([
    {
      severity: 'error',
      confidence: 'likely',
      summary:
        'Fence 8:3 (svmlab svmlab-ring0) of svmload (pid 771) is still pending 218 ms after its owner died.',
      evidence: [18, 19, 37],
      key: { fence: '8:3', pid: 771 },
    },
  ]);
});

it.each([
  ['the recording ends too soon after the death', { end: ms(190) }, slow],
  ['the driver is known to take as long', {}, { ...slow, signaled_ts: ms(200) }],
])('is silent when %s', (_, more, other) => {
  expect(judge({ fence: [other, pending] }, more).findings).toEqual([]);
});

it('takes a wait given up after a second for proof enough, at once and with a living owner', () => {
  const wait = { fence_id: 1, tid: 522, start_ts: ms(110), end_ts: s(5.1), gave_up: 1 };
  const rows = { process: [alive], fence: [pending], fence_wait: [wait] };
  const [finding] = judge(rows, { end: s(5.2) }).findings;
  expect(finding).toMatchObject({ severity: 'error', confidence: 'likely' });
  expect(finding?.summary).toContain('waited for 4.99 s in vain');
  const poll = { ...wait, end_ts: ms(400) };
  expect(judge({ ...rows, fence_wait: [poll] }, { end: s(5.2) }).findings).toEqual([]);
});

it('lets a fence of a living owner grow old: 10 s and 20 times what its driver needs', () => {
  const rows = { process: [alive], fence: [slow, pending] };
  expect(judge(rows, { end: s(9) }).findings).toEqual([]);
  expect(judge(rows, { end: s(11) }).findings).toMatchObject([
    { severity: 'warn', confidence: 'suspect' },
  ]);
});

it('knows a fence released unsignalled by -EDEADLK after its destroy', () => {
  const dropped = {
    ...pending,
    dropped: 1,
    error: -35,
    destroy_ts: ms(110),
    destroy_event: 60,
    signaled_ts: ms(111),
    signaled_event: 61,
  };
  expect(judge({ fence: [dropped] }).findings).toMatchObject([
    { severity: 'error', confidence: 'proven', evidence: [18, 19, 61, 60] },
  ]);
});

it.each([
  ['destroyed unsignalled without a word: legal without callbacks', { destroy_ts: ms(110) }],
  ['a container', { container: 1 }],
  ['several alive with one key', { ambiguous: 1 }],
  ['an eviction fence of amdkfd', { driver: 'amdgpu_amdkfd_fence' }],
])('is silent on %s', (_, change) => {
  expect(judge({ fence: [{ ...pending, ...change }] }).findings).toEqual([]);
});

it('reports a scheduler job by its finished fence alone', () => {
  const job = { ...pending, driver: 'drm_sched', timeline: 'ring-A' };
  const finished = { ...job, context: 9, init_ts: ms(100) + 500 };
  const { findings } = judge({ fence: [job, finished] });
  expect(findings.map(({ key }) => key.fence)).toEqual(['9:3']);
});

it('says what its job waits for, and who waits for it', () => {
  const waiting = { ...pending, context: 9, seqno: 1 };
  const chain = {
    fence: [
      { ...pending, id: 1 },
      { ...waiting, id: 2, job_id: 5 },
    ],
    job: [{ id: 5, ring: 'B', fence_id: 2, owner_tid: 771, owner_process_id: 1, queue_event: 22 }],
    job_dependency: [{ job_id: 5, fence_id: 1, start_ts: ms(101), start_event: 23 }],
  };
  const [first, second] = judge(chain).findings;
  expect(first?.summary).toContain('1 job of svmload (pid 771) never ran because of it');
  expect(second?.summary).toContain('its job waits for fence 8:3, which never signals either');
  expect(second?.evidence).toContain(23);
});

it('only suspects when one task was recorded or the birth was not seen', () => {
  const suspects = [
    judge({ fence: [pending] }, { perTask: true }),
    judge({ fence: [{ ...pending, init_ts: null }] }),
  ];
  for (const { findings } of suspects) {
    expect(findings).toMatchObject([{ severity: 'warn', confidence: 'suspect' }]);
  }
});

it('does not warn where signals may be among what was lost, or the file is damaged', () => {
  const lost = judge({ fence: [{ ...pending, lossy: 1 }] });
  expect(lost.findings).toMatchObject([{ severity: 'info', confidence: 'suspect' }]);
  const problem = { code: 'x', severity: 'data-loss', message: 'm', count: 1 };
  const damaged = judge({ fence: [pending], problem: [problem] });
  expect(damaged.findings).toMatchObject([{ severity: 'info', confidence: 'suspect' }]);
});

it('does not take a signal before the destroy for one forced after it', () => {
  const disordered = { ...pending, dropped: 1, destroy_ts: ms(120), signaled_ts: ms(110) };
  expect(judge({ fence: [disordered] }).findings).toEqual([]);
});

it('takes wait and destroy for a signal it could not see when one task was recorded', () => {
  const fence = { ...pending, destroy_ts: s(3), destroy_event: 70 };
  const wait = { fence_id: 1, tid: 771, start_ts: ms(110), end_ts: s(2), gave_up: 1 };
  const rows = { process: [alive], fence: [fence], fence_wait: [wait] };
  expect(judge(rows, { end: s(4), perTask: true }).findings).toEqual([]);
});

it('counts what a dead owner leaves behind in masses instead of listing it', () => {
  const many = Array.from({ length: 200 }, (_, n) => ({ ...pending, seqno: n + 1 }));
  const { findings } = judge({ fence: many });
  expect(findings).toHaveLength(17);
  expect(findings.at(-1)).toMatchObject({ key: { and_more: 184 } });
});

it('cannot decide when signals were not recorded', () => {
  const { outcome } = judge({ fence: [pending] }, { observed: ['fence.init'] });
  expect(outcome).toMatchObject({
    outcome: 'not-observable',
    enable: ['dma_fence:dma_fence_signaled'],
  });
});
