import { describe, expect, it } from 'vitest';
import { live } from '../../../test/run-lifetimes.ts';
import type { OccurrenceData, PageRequest } from '../../kernel/occurrence.ts';

const request = (
  group: number,
  rest: Partial<PageRequest> = {},
  address = 0x7000,
): OccurrenceData => ({
  kind: 'iommu.fault',
  device: '0000:00:02.0',
  pasid: 3,
  address,
  source: 'intel_iommu:prq_report',
  request: {
    iommu: 'dmar1',
    rid: 0x10,
    group,
    seq: undefined,
    last: true,
    write: false,
    ...rest,
  },
});
const response = (group: number, code = 0): OccurrenceData => ({
  kind: 'page.response',
  iommu: 'dmar1',
  rid: 0x10,
  pasid: 3,
  group,
  code,
});
const bind = (pasid = 3): OccurrenceData => ({
  kind: 'pasid.allocated',
  driver: 'iommu',
  pasid,
  dev: '0000:00:02.0',
});

describe('a group of page requests', () => {
  it('is one, from its first request to its answer, of whom the PASID is bound to', () => {
    const lived = live([
      [0, 10, bind()],
      [1, 5, request(7, { last: false })],
      [1.1, 5, request(7, { write: true }, 0x8000)],
      [2, 6, response(7)],
    ]);
    expect(lived.row('page_request')).toMatchObject({
      requests: 2,
      address: 0x7000,
      write: 1,
      due_ts: 1.1e6,
      code: 0,
      end_ts: 2e6,
      process_id: 1,
      superseded: 0,
    });
  });

  it('may be answered a moment before it is told of', () => {
    const lived = live([
      [1, 6, response(7)],
      [1.02, 5, request(7)],
      [5, 5, request(8)],
    ]);
    const [answered, open] = lived.rows('page_request');
    expect(answered).toMatchObject({ code: 0, start_ts: 1.02e6, end_ts: 1.02e6 });
    expect(open).not.toHaveProperty('end_ts');
  });

  it('whose number is used again was answered unseen', () => {
    const lived = live([
      [1, 5, request(7)],
      [50, 5, request(7)],
    ]);
    const [first, second] = lived.rows('page_request');
    expect(first).toMatchObject({ superseded: 1 });
    expect(second).toMatchObject({ superseded: 0 });
  });

  it('that was refused without being told of has only an answer', () => {
    const lived = live([
      [1, 6, response(7, 1)],
      [9, 5, request(8)],
    ]);
    const refused = lived.rows('page_request').find(({ code }) => code === 1);
    expect(refused).toMatchObject({ requests: 0, end_ts: 1e6 });
    expect(refused).not.toHaveProperty('start_ts');
  });

  it('knows of requests that the IOMMU counted and nobody recorded', () => {
    const lived = live([
      [1, 5, request(1, { seq: 10 })],
      [2, 5, request(2, { seq: 14 })],
    ]);
    expect(lived.rows('page_request')).toMatchObject([{ gap: 0 }, { gap: 3 }]);
  });
});
