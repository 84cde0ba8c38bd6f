import { describe, expect, it } from 'vitest';
import { ms, type RowOf, run, s } from '../../../test/detector-view.ts';
import { unansweredPageRequest } from './unanswered-page-request.ts';

const alive: RowOf = { pid: 848, comm: 'sva-load' };

const request = (at: number, rest: RowOf = {}): RowOf => ({
  iommu: 'dmar1',
  dev: '0000:00:02.0',
  rid: 0x10,
  pasid: 3,
  group_index: at,
  address: 0x7f0e4a1b2000,
  write: 0,
  requests: 1,
  process_id: 1,
  due_ts: ms(at),
  due_event: at,
  superseded: 0,
  gap: 0,
  start_ts: ms(at),
  start_event: at,
  lossy: 0,
  ...rest,
});
const answered = (at: number, code = 0, rest: RowOf = {}): RowOf =>
  request(at, { code, end_ts: ms(at) + 50_000, end_event: at + 1, ...rest });
const judge = (page_request: readonly RowOf[], rows: object = {}, rest: object = {}) =>
  run(unansweredPageRequest, {
    rows: { process: [alive], page_request, ...rows },
    end: s(10),
    ...rest,
  });

describe('a page request', () => {
  it('that nobody answers for a second is an error', () => {
    expect(judge([answered(10), request(20)]).findings).toMatchObject([
      {
        severity: 'error',
        confidence: 'likely',
        summary:
          'A page request of 0000:00:02.0 with PASID 3 (sva-load, pid 848) was not answered until the recording ended, the first for 9.98 s: the device stands still.',
        key: { what: 'unanswered', pid: 848, pasid: 3 },
        evidence: [20],
      },
    ]);
  });

  it('that was answered, or whose number was used again, or that is young, is nothing', () => {
    expect(judge([answered(10)]).findings).toEqual([]);
    expect(judge([answered(5), request(10, { superseded: 1 })]).findings).toEqual([]);
    expect(judge([answered(5), request(9500)]).findings).toEqual([]);
  });

  it('that is not the last of its group is not answered by itself', () => {
    expect(judge([answered(5), request(10, { due_ts: null })]).findings).toEqual([]);
  });

  it('of a process that dies, or of a PASID that is unbound, is drained', () => {
    const dead = { process: [{ ...alive, end_ts: ms(300), end_event: 300 }] };
    expect(judge([answered(5), request(10)], dead).findings).toEqual([]);
    const unbound = { pasid: [{ pasid: 3, driver: 'iommu', end_ts: ms(300) }] };
    expect(judge([answered(5), request(10)], unbound).findings).toEqual([]);
  });

  it('is only suspected where requests or events were lost, or no answer was ever seen', () => {
    const doubts = [
      [answered(5), request(10, { gap: 2 })],
      [answered(5), request(10, { lossy: 1 })],
      [request(10)],
    ];
    for (const rows of doubts) {
      expect(judge(rows).findings).toMatchObject([{ confidence: 'suspect' }]);
    }
  });

  it('that is refused while its process lives asks for what it may not have', () => {
    const rows = [answered(10), answered(20, 1), answered(30, 1)];
    expect(judge(rows).findings).toMatchObject([
      {
        severity: 'warn',
        confidence: 'proven',
        key: { what: 'refused', pid: 848, pasid: 3 },
      },
    ]);
    const dead = { process: [{ ...alive, end_ts: ms(15), end_event: 15 }] };
    expect(judge(rows, dead).findings).toEqual([]);
  });

  it('that the IOMMU refuses itself has an answer only', () => {
    const bare = answered(20, 1, { requests: 0, start_ts: null, due_ts: null, process_id: null });
    const { findings } = judge([bare]);
    expect(findings).toMatchObject([{ severity: 'warn', key: { pasid: 3 } }]);
    expect(findings[0]?.summary).toContain('1 of them unseen');
  });
});

it('an overflow of the queue is what the log says it is', () => {
  const overflow: RowOf = {
    class: 'page-request-error',
    meaning: 'PRQ overflow detected',
    engine: 'dmar4',
    count: 3,
    start_ts: ms(5),
    start_event: 5,
  };
  const { findings } = run(unansweredPageRequest, {
    rows: { log_record: [overflow] },
    observed: ['log.record'],
  });
  expect(findings).toMatchObject([
    { severity: 'error', confidence: 'proven', key: { what: 'overflow' } },
  ]);
});

it('cannot decide where the answers, or the requests, were not recorded', () => {
  const onlyRequests = judge([request(10)], {}, { observed: ['iommu.fault'] });
  expect(onlyRequests.outcome.outcome).toBe('not-observable');
  expect(onlyRequests.outcome.reason).toContain('qi_submit');
  expect(judge([], {}, { observed: ['log.record'] }).outcome.outcome).toBe('not-observable');
});
