import { describe, expect, it } from 'vitest';
import { exec, exit, exitMmap, type Happening, live } from '../../../test/run-lifetimes.ts';
import type { LogRecord } from '../../kernel/log-lines/log-record.ts';

let event = 0;
const said = (rest: Partial<LogRecord>): { kind: 'log.record' } & LogRecord => {
  event += 1;
  return {
    kind: 'log.record',
    source: 'amdgpu',
    class: 'gpu-page-fault',
    owner: 'amdgpu',
    buffer: 0,
    boot: 0,
    text: 'a line',
    events: [event],
    lastTs: 0,
    bodyMissing: false,
    device: '0000:43:00.0',
    ...rest,
  };
};
/** A record of one line at a time in ms. */
const at = (ms: number, rest: Partial<LogRecord> = {}): Happening => [
  ms,
  0,
  said({ lastTs: ms * 1e6, ...rest }),
];

describe('equal records', () => {
  it('that follow each other are one row with a count', () => {
    const row = live([at(1), at(900), at(5000)]).row('log_record');
    expect(row).toMatchObject({ count: 3, start_ts: 1e6, end_ts: 5000e6 });
  });

  it('are told apart when another of the kind lies between, or a long time', () => {
    const rows = live([at(1), at(2, { address: 0x2000 }), at(3), at(60_000)]).rows('log_record');
    expect(rows.map((row) => row.count)).toEqual([1, 1, 1, 1]);
  });

  it('of two boots are two', () => {
    const rows = live([at(1), at(2, { buffer: 1, boot: 1 })]).rows('log_record');
    expect(rows.map((row) => row.buffer_id)).toEqual([0, 1]);
  });

  it('of thousands of devices do not pile up', () => {
    const many = Array.from({ length: 2000 }, (_, n) => at(n, { device: `d${n}` }));
    expect(live(many).rows('log_record')).toHaveLength(2000);
  });
});

it('a record names the process of its pid where the capture knows it', () => {
  const [row] = live([[0, 10, exec('/bin/app', 10)], at(1, { pid: 10 }), at(2, { pid: 99 })]).rows(
    'log_record',
  );
  expect(row).toMatchObject({ pid: 10, process_id: 1 });
  expect(live([at(2, { pid: 99 })]).row('log_record')).not.toHaveProperty('process_id');
});

describe('a fault in the log', () => {
  it('is a fault of the device, of the process it names, even a dead one', () => {
    const lived = live([
      [0, 10, exec('/bin/app', 10)],
      [1, 10, exitMmap(0x1000)],
      [2, 10, exit()],
      at(3, { pid: 10, pasid: 32770, address: 0x7000 }),
    ]);
    expect(lived.row('device_fault')).toMatchObject({
      source: 'log',
      function: 'amdgpu log',
      process_id: 1,
      pasid: 32770,
      address: 0x7000,
    });
  });

  it('of an IOMMU is joined by its own PASIDs', () => {
    const lived = live([
      [0, 10, { kind: 'pasid.allocated', driver: 'iommu', pasid: 42 }],
      at(1, { source: 'vt-d', class: 'iommu-fault', pasid: 42 }),
      at(2, { pasid: 42 }),
    ]);
    const [iommu, gpu] = lived.rows('device_fault');
    expect(iommu).toMatchObject({ source: 'iommu-log', process_id: 1 });
    expect(gpu).not.toHaveProperty('process_id');
  });

  it('resets and timeouts are none', () => {
    const lived = live([at(1, { class: 'gpu-reset' }), at(2, { class: 'ring-timeout' })]);
    expect(lived.rows('device_fault')).toEqual([]);
  });
});

describe('what follows', () => {
  it('from the killing of its process', () => {
    const [kill, fault] = live([
      at(1, { source: 'oom', class: 'oom-kill', pid: 70 }),
      at(2, { pid: 70 }),
    ]).rows('log_record');
    expect(fault?.consequence_of).toBe(kill?.id);
  });

  it('a submission refused long after the reset still does', () => {
    const rows = live([
      at(1, { class: 'gpu-reset' }),
      at(600_000, { class: 'submit-refused', errno: -125 }),
    ]).rows('log_record');
    expect(rows[1]?.consequence_of).toBe(rows[0]?.id);
  });

  it('the aftermath of a long reset counts from its last step', () => {
    const rows = live([
      at(1, { class: 'gpu-reset' }),
      at(9000, { class: 'gpu-reset-done' }),
      at(15_000, { source: 'amd-vi', class: 'iommu-fault' }),
    ]).rows('log_record');
    expect(rows[2]?.consequence_of).toBe(rows[0]?.id);
  });

  it('a line without a device is nobody’s where two devices were reset', () => {
    const rows = live([
      at(1, { class: 'gpu-reset' }),
      at(2, { class: 'gpu-reset', device: '0000:63:00.0' }),
      [
        3,
        0,
        (({ device: _device, ...rest }) => rest)(said({ class: 'submit-refused', lastTs: 3e6 })),
      ],
    ]).rows('log_record');
    expect(rows[2]).not.toHaveProperty('consequence_of');
  });
});
