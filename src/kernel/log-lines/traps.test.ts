/** What has led people who read kernel logs by hand, or by grep, to wrong conclusions. */
import { describe, expect, it } from 'vitest';
import { record, records, recordsOfBoots } from '../../../test/log-records.ts';
import { livedRecords as lived } from '../../../test/log-rows.ts';

const GPU = 'amdgpu 0000:43:00.0: amdgpu: ';
const OTHER = 'amdgpu 0000:63:00.0: amdgpu: ';
const fault = (device: string, pid: number, address: string): string[] => [
  `${device}[gfxhub0] no-retry page fault (src_id:0 ring:24 vmid:8 pasid:${32000 + pid}, for process app pid ${pid} thread app pid ${pid})`,
  `${device}  in page starting at address ${address} from IH client 0x1b (UTCL2)`,
  `${device}VM_L2_PROTECTION_FAULT_STATUS:0x00801A31`,
  `${device}\t RW: 0x0`,
];

it('1: a filter that keeps lines leaves the head of a fault, which is not "no fault"', () => {
  const head = 'xe 0000:04:00.0: [drm] Tile0: GT0:';
  expect(record(head)).toMatchObject({ class: 'gpu-page-fault', bodyMissing: true });
  expect(record(`${head}\n\tASID: 4\n\tFaulted Address: 0x1000`).bodyMissing).toBe(false);
  expect(lived(records(head)).row('log_record')).toMatchObject({ body_missing: 1 });
});

it('2: pasids are decimal in faults and hexadecimal where queues are evicted', () => {
  const [evicted, faulted] = records(
    'amdgpu: Started evicting pasid 0x8003',
    `${GPU}[gfxhub0] retry page fault (src_id:0 ring:0 vmid:8 pasid:32771)`,
  );
  expect(evicted?.pasid).toBe(faulted?.pasid);
});

it('3: reasons of VT-d are decimal up to 5.13, hexadecimal since; PASID ffffffff is none', () => {
  const found = records(
    'DMAR: [DMA Read] Request device [03:00.0] PASID ffffffff fault addr 1000 [fault reason 12] x',
    'DMAR: [DMA Read NO_PASID] Request device [03:00.0] fault addr 0x1000 [fault reason 0x12] x',
  );
  expect(found.map(({ reason, pasid }) => [reason, pasid])).toEqual([
    [12, undefined],
    [0x12, undefined],
  ]);
});

it('4: what rate limiting hid is a lower bound, and belongs to a function, not to a device', () => {
  const hidden = record('gmc_v9_0_process_interrupt: 12 callbacks suppressed');
  expect(hidden).toMatchObject({ hiddenAtLeast: 12, function: 'gmc_v9_0_process_interrupt' });
  expect(hidden.device).toBeUndefined();
});

describe('5: cause and consequence', () => {
  const KERNEL = `${GPU}[gfxhub0] no-retry page fault (src_id:0 ring:0 vmid:0 pasid:0, for process  pid 0 thread  pid 0)`;
  const STATUS = `${GPU}VM_L2_PROTECTION_FAULT_STATUS:0x00000000`;
  const RW = `${GPU}\t RW: 0x1`;

  it('what follows a reset of the same device is marked with it', () => {
    const rows = lived(
      records(
        ...fault(GPU, 70, '0x00007f0000001000'),
        `${GPU}GPU reset begin!`,
        KERNEL,
        STATUS,
        RW,
        'amdgpu 0000:43:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x1 address=0x1000 flags=0x0]',
        `${GPU}Failed to initialize parser -125!`,
        '[drm:amdgpu_cs_ioctl [amdgpu]] *ERROR* Failed to initialize parser -125!',
      ),
    ).rows('log_record');
    const reset = rows.find((row) => row.class === 'gpu-reset');
    expect(rows.map((row) => [row.class, row.consequence_of])).toEqual([
      ['gpu-page-fault', undefined],
      ['gpu-reset', undefined],
      ['gpu-page-fault', reset?.id],
      ['iommu-fault', reset?.id],
      ['submit-refused', reset?.id],
      ['submit-refused', reset?.id],
    ]);
  });

  it('nothing is joined that came before, on another device, or long after', () => {
    const rows = lived(
      records(
        '[10.0] amdgpu 0000:63:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x1 address=0x1000 flags=0x0]',
        `[20.0] ${GPU}GPU reset begin!`,
        '[20.1] amdgpu 0000:63:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x1 address=0x2000 flags=0x0]',
        '[99.0] amdgpu 0000:43:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x1 address=0x3000 flags=0x0]',
      ),
    ).rows('log_record');
    expect(rows.filter((row) => row.consequence_of !== undefined)).toEqual([]);
  });

  it('a cleared status register says nothing of access', () => {
    const { access, hint } = record(
      KERNEL,
      STATUS,
      `${GPU}\t Faulty UTCL2 client ID: CB (0x0)`,
      RW,
    );
    expect(access).toBeUndefined();
    expect(hint).toContain('already cleared');
  });

  it('vmid 0 and pasid 0 are the kernel itself, two blanks no name', () => {
    expect(record(KERNEL)).toMatchObject({ pid: 0, hint: 'address space of the kernel itself' });
    expect(record(KERNEL).comm).toBeUndefined();
  });
});

it('6: a fault of one process and the timeout of another are two things', () => {
  const rows = lived(
    records(
      ...fault(GPU, 70, '0x00007f0000001000'),
      `${GPU}ring gfx_0.0.0 timeout, signaled seq=5, emitted seq=7`,
      `${GPU} Process game pid 81 thread game pid 82`,
    ),
  ).rows('log_record');
  expect(rows.map((row) => [row.class, row.pid, row.consequence_of])).toEqual([
    ['gpu-page-fault', 70, undefined],
    ['ring-timeout', 81, undefined],
  ]);
});

it('7: page faults of the kernel, of a display pipe, of disks and network cards are no GPU faults', () => {
  const found = records(
    'BUG: unable to handle page fault for address: ffffb0c600a41000',
    '#PF: supervisor read access in kernel mode',
    'i915 0000:00:02.0: [drm] *ERROR* Fault errors on pipe A: 0x00000080',
    'nvme 0000:01:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x1 address=0x1000 flags=0x0]',
    'xhci_hcd 0000:02:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x1 address=0x1000 flags=0x0]',
  );
  expect(found.map((one) => [one.class, one.owner])).toEqual([
    ['iommu-fault', 'nvme'],
    ['iommu-fault', 'xhci_hcd'],
  ]);
});

it('8: a queue buffer freed at the end of a process is no fault', () => {
  const found = records(`${GPU}Freeing queue vital buffer 0x7f1200200000, queue evicted`);
  expect(found).toMatchObject([
    { class: 'queue-buffer-freed', hint: expect.stringContaining('normal') },
  ]);
  expect(lived(found).rows('device_fault')).toEqual([]);
});

it('9: hog counters are running counts: the highest stands, they are never added up', () => {
  const hog = (times: number): string =>
    `workqueue: svm_range_restore_work [amdgpu] hogged CPU for >10000us ${times} times, consider switching to WQ_UNBOUND`;
  expect(lived(records(...[4, 5, 7, 11, 19, 35].map(hog))).row('log_record')).toMatchObject({
    count: 6,
    running: 35,
  });
});

describe('10: names', () => {
  it.each(['worker 0', 'cosmic-com:cs0', 'pid 7 thread', 'abcdefghijklmno'])('%s', (name) => {
    expect(
      record(
        `${GPU}[gfxhub] page fault (src_id:0 ring:24 vmid:3 pasid:32778, for process ${name} pid 611 thread ${name} pid 640)`,
      ),
    ).toMatchObject({ comm: name, thread: name, pid: 611, threadId: 640 });
  });

  it('one pid with two names in neighbouring lines stays two', () => {
    const found = records(...fault(GPU, 70, '0x1000'), ...fault(GPU, 70, '0x1000')).map(
      (one, n) => ({ ...one, comm: n === 0 ? 'sh' : 'app' }),
    );
    expect(
      lived(found)
        .rows('log_record')
        .map(({ pid, comm }) => [pid, comm]),
    ).toEqual([
      [70, 'sh'],
      [70, 'app'],
    ]);
  });
});

describe('lines between lines', () => {
  it('two GPUs interleave: each record is of one device', () => {
    const a = fault(GPU, 70, '0x00007f0000001000');
    const b = fault(OTHER, 80, '0x00007e0000002000');
    const found = records(...a.flatMap((line, n) => [line, b[n] ?? '']));
    expect(found.map(({ device, pid, address }) => [device, pid, address])).toEqual([
      ['0000:43:00.0', 70, 0x7f0000001000],
      ['0000:63:00.0', 80, 0x7e0000002000],
    ]);
  });

  it('other messages break into a record', () => {
    const [head = '', ...rest] = fault(GPU, 70, '0x00007f0000001000');
    expect(
      record(head, '[drm] Skip scheduling IBs!', 'usb 3-2: new device', ...rest),
    ).toMatchObject({
      events: [1, 4, 5, 6],
      address: 0x7f0000001000,
    });
  });

  it('boots are not joined', () => {
    const [head = '', ...rest] = fault(GPU, 70, '0x00007f0000001000');
    const found = recordsOfBoots([head], rest);
    expect(found.map(({ buffer, bodyMissing }) => [buffer, bodyMissing])).toEqual(
      expect.arrayContaining([
        [0, true],
        [1, false],
      ]),
    );
    const rows = lived(
      recordsOfBoots([`${GPU}GPU reset begin!`], [`${GPU}Failed to initialize parser -125!`]),
    );
    expect(rows.rows('log_record').map((row) => row.consequence_of)).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('a record that never ends does not take a line of much later', () => {
    const [head = '', address = ''] = fault(GPU, 70, '0x00007f0000001000');
    const found = records(`[10.0] ${head}`, `[12.0] ${address}`);
    expect(found.map(({ events }) => events)).toEqual([[1], [2]]);
  });

  it('prefixes a trace keeps are no part of the message', () => {
    for (const prefix of [
      '[   12.345678] ',
      '<4>[   12.345678][  T340] ',
      '[\u00a012.345678] ',
      '',
    ]) {
      expect(record(`${prefix}${GPU}GPU reset begin!\n`)).toMatchObject({
        text: `${GPU}GPU reset begin!`,
        device: '0000:43:00.0',
      });
    }
  });
});
