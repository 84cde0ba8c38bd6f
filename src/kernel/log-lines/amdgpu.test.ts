import { describe, expect, it } from 'vitest';
import { record, records } from '../../../test/log-records.ts';

const DEV = 'amdgpu 0000:43:00.0: amdgpu: ';
const device = '0000:43:00.0';

describe('a VM fault', () => {
  it('of gfx8 up to 4.10: page number in decimal, the last line without a device', () => {
    expect(
      record(
        'amdgpu 0000:43:00.0: GPU fault detected: 146 0x0000480c',
        'amdgpu 0000:43:00.0:   VM_CONTEXT1_PROTECTION_FAULT_ADDR   0x00101A2B',
        'amdgpu 0000:43:00.0:   VM_CONTEXT1_PROTECTION_FAULT_STATUS 0x0604800C',
        "VM fault (0x0c, vmid 3) at page 1055275, read from 'TC4' (0x54433400) (72)",
      ),
    ).toMatchObject({
      class: 'gpu-page-fault',
      device,
      vmid: 3,
      address: 1055275 * 4096,
      access: 'read',
      client: 'TC4',
      status: 0x0604800c,
      events: [1, 2, 3, 4],
      bodyMissing: false,
    });
  });

  it('of gfx8 in 5.0: with process and pasid', () => {
    expect(
      record(
        `${DEV}GPU fault detected: 147 0x09684802 for process wave sim pid 5120 thread wave sim:cs0 pid 5131`,
        `${DEV}  VM_CONTEXT1_PROTECTION_FAULT_ADDR   0x000F0100`,
        `${DEV}  VM_CONTEXT1_PROTECTION_FAULT_STATUS 0x0A048002`,
        `${DEV}VM fault (0x02, vmid 5, pasid 32791) at page 983296, write from 'SDM0' (0x53444d30) (72)`,
      ),
    ).toMatchObject({
      comm: 'wave sim',
      pid: 5120,
      thread: 'wave sim:cs0',
      threadId: 5131,
      pasid: 32791,
      vmid: 5,
      access: 'write',
      address: 0xf0100000,
    });
  });

  it('of gfx9 in 4.15: vm_id and pas_id', () => {
    expect(
      record(
        'amdgpu 0000:43:00.0: [mmhub] VMC page fault (src_id:0 ring:154 vm_id:1 pas_id:9)',
        'amdgpu 0000:43:00.0:   at page 0x0000000bada11000 from 18',
        'amdgpu 0000:43:00.0: VM_L2_PROTECTION_FAULT_STATUS:0x00101031',
      ),
    ).toMatchObject({
      engine: 'mmhub',
      vmid: 1,
      pasid: 9,
      address: 0xbada11000,
      client: '18',
      status: 0x101031,
    });
  });

  const FIELDS = [
    `${DEV}VM_L2_PROTECTION_FAULT_STATUS:0x00801A31`,
    `${DEV}\t Faulty UTCL2 client ID: TCP (0x8)`,
    `${DEV}\t MORE_FAULTS: 0x1`,
    `${DEV}\t WALKER_ERROR: 0x0`,
    `${DEV}\t PERMISSION_FAULTS: 0x3`,
    `${DEV}\t MAPPING_ERROR: 0x0`,
    `${DEV}\t RW: 0x1`,
  ];

  it.each([
    ['retry', true],
    ['no-retry', false],
  ] as const)('of gfx9 from 5.4 on: %s', (word, retry) => {
    expect(
      record(
        `${DEV}[gfxhub0] ${word} page fault (src_id:0 ring:24 vmid:8 pasid:32770, for process solver pid 7001 thread solver pid 7002)`,
        `${DEV}  in page starting at address 0x00007f9aa0402000 from client 27`,
        ...FIELDS,
      ),
    ).toMatchObject({
      engine: 'gfxhub0',
      retry,
      comm: 'solver',
      pid: 7001,
      threadId: 7002,
      pasid: 32770,
      vmid: 8,
      address: 0x7f9aa0402000,
      client: 'TCP (0x8)',
      access: 'write',
      status: 0x801a31,
      events: [1, 2, 3, 4, 5, 6, 7, 8, 9],
    });
  });

  it('is complete with its last field: what follows is another', () => {
    const head = `${DEV}[gfxhub0] retry page fault (src_id:0 ring:24 vmid:8 pasid:32770, for process solver pid 7001 thread solver pid 7001)`;
    const found = records(head, ...FIELDS, head, ...FIELDS);
    expect(found.map(({ events }) => events.length)).toEqual([8, 8]);
  });

  it('of gfx9 from 5.14 on: IH client; the client of 5.9 has no name', () => {
    expect(
      record(
        `${DEV}[mmhub0] no-retry page fault (src_id:0 ring:40 vmid:2 pasid:32773, for process a b pid 90 thread a b:cs0 pid 91)`,
        `${DEV}  in page starting at address 0x800100200000 from IH client 0x12 (VMC)`,
        `${DEV}VM_L2_PROTECTION_FAULT_STATUS:0x00040B51`,
        `${DEV}     Faulty UTCL2 client ID: 0x5`,
        `${DEV}     RW: 0x0`,
      ),
    ).toMatchObject({ client: '0x5', access: 'read', address: 0x800100200000, comm: 'a b' });
  });

  it.each(['GCVM_L2', 'MMVM_L2'])('of gfx10 and gfx11: %s, no retry word', (hub) => {
    expect(
      record(
        `${DEV}[gfxhub] page fault (src_id:0 ring:24 vmid:3 pasid:32778, for process play pid 611 thread play:cs0 pid 640)`,
        `${DEV}  in page starting at address 0x0000800106ffe000 from client 0x1b (UTCL2)`,
        `${DEV}${hub}_PROTECTION_FAULT_STATUS:0x00301430`,
        `${DEV}\tRW: 0x0`,
      ),
    ).toMatchObject({ engine: 'gfxhub', vmid: 3, status: 0x301430, client: '0x1b (UTCL2)' });
  });

  it.each([
    ['about 6.10', ' for process train pid 4400 thread train pid 4401)'],
    ['6.12', ' in process train pid 4400 thread train pid 4401)'],
    ['6.17', ' Process train pid 4400 thread train pid 4401'],
  ])('of %s has the process on a line of its own', (_version, line) => {
    expect(
      record(
        `${DEV}[gfxhub] page fault (src_id:0 ring:169 vmid:9 pasid:32799)`,
        `${DEV}${line}`,
        `${DEV}  in page starting at address 0x00007ed400000000 from client 10`,
        `${DEV}GCVM_L2_PROTECTION_FAULT_STATUS:0x00901431`,
        `${DEV}\t RW: 0x0`,
      ),
    ).toMatchObject({ comm: 'train', pid: 4400, thread: 'train', threadId: 4401, pasid: 32799 });
  });

  it('of 7.x: one prefix, pasids from small numbers on', () => {
    expect(
      record(
        'amdgpu 0000:43:00.0: [gfxhub] page fault (src_id:0 ring:24 vmid:8 pasid:98)',
        'amdgpu 0000:43:00.0:  Process train pid 4400 thread train pid 4400',
        'amdgpu 0000:43:00.0:   in page starting at address 0x00007ed400000000 from client 10',
      ),
    ).toMatchObject({ pasid: 98, pid: 4400, device });
  });

  it('of MI300 names the die', () => {
    expect(
      record(
        `${DEV}[gfxhub0] retry page fault (src_id:0 ring:0 vmid:8 pasid:32771)`,
        `${DEV} for process x pid 5 thread x pid 6)`,
        `${DEV}  in page starting at address 0x00007f0000001000 from IH client 0x1b (UTCL2)`,
        `${DEV}  cookie node_id 3 fault from die AID0.XCD1`,
        `${DEV}VM_L2_PROTECTION_FAULT_STATUS:0x00000851`,
        `${DEV}\t RW: 0x1`,
      ).events,
    ).toHaveLength(6);
  });

  it('without its first line is still one', () => {
    expect(
      record(`${DEV}  in page starting at address 0x00007f0000001000 from client 10`),
    ).toMatchObject({ class: 'gpu-page-fault', address: 0x7f0000001000 });
  });

  it('without its other lines says so', () => {
    expect(
      record(`${DEV}[gfxhub] page fault (src_id:0 ring:24 vmid:8 pasid:32770)`).bodyMissing,
    ).toBe(true);
  });

  it('of a device that does not answer reads all ones', () => {
    const { hint, access } = record(
      `${DEV}[gfxhub] page fault (src_id:0 ring:24 vmid:8 pasid:32770)`,
      `${DEV}GCVM_L2_PROTECTION_FAULT_STATUS:0xFFFFFFFF`,
      `${DEV}\t RW: 0x1`,
    );
    expect([hint, access]).toEqual([expect.stringContaining('does not answer'), undefined]);
  });
});

describe('a ring timeout', () => {
  it.each([
    [
      'up to 6.8, without a device',
      '[drm:amdgpu_job_timedout [amdgpu]] *ERROR* ring gfx_0.0.0 timeout, signaled seq=1207, emitted seq=1209',
      '[drm:amdgpu_job_timedout [amdgpu]] *ERROR* Process information: process my game pid 880 thread my game:cs0 pid 893',
    ],
    [
      'from 6.11 on',
      `${DEV}ring gfx_0.0.0 timeout, signaled seq=1207, emitted seq=1209`,
      `${DEV} Process my game pid 880 thread my game:cs0 pid 893`,
    ],
    [
      'of 7.x',
      'amdgpu 0000:43:00.0: ring gfx_0.0.0 timeout, signaled seq=1207, emitted seq=1209',
      'amdgpu 0000:43:00.0:  Process my game pid 880 thread my game:cs0 pid 893',
    ],
    [
      'of FreeBSD',
      '[drm ERROR :amdgpu_job_timedout] ring gfx_0.0.0 timeout, signaled seq=1207, emitted seq=1209',
      '[drm ERROR :amdgpu_job_timedout] Process information: process my game pid 880 thread my game:cs0 pid 893',
    ],
  ])('%s', (_version, ...lines) => {
    expect(record(...lines)).toMatchObject({
      class: 'ring-timeout',
      engine: 'gfx_0.0.0',
      seqno: 1207,
      emitted: 1209,
      comm: 'my game',
      pid: 880,
      thread: 'my game:cs0',
      threadId: 893,
    });
  });

  it('that needed no reset has no numbers', () => {
    expect(record(`${DEV}ring comp_1.0.0 timeout, but soft recovered`)).toMatchObject({
      class: 'ring-timeout',
      engine: 'comp_1.0.0',
      meaning: 'soft recovered, no reset',
    });
  });
});

describe('a line of its own', () => {
  it.each([
    ['Starting sdma0 ring reset', { class: 'ring-reset', engine: 'sdma0' }],
    ['Ring gfx_0.0.0 reset succeeded', { class: 'ring-reset' }],
    ['Ring gfx_0.0.0 reset failed', { class: 'ring-reset-failed', engine: 'gfx_0.0.0' }],
    ['reset via MES failed and try pipe reset -110', { class: 'ring-reset-failed', errno: -110 }],
    ["The CPFW hasn't support pipe reset yet.", { class: 'ring-reset-failed' }],
    ['GPU reset begin!', { class: 'gpu-reset' }],
    ['GPU recovery begin!', { class: 'gpu-reset' }],
    ['GPU reset begin!. Source:  1', { class: 'gpu-reset', reason: 1 }],
    ['MODE1 reset', { class: 'gpu-reset-step', meaning: 'MODE1' }],
    ['MODE2 reset', { class: 'gpu-reset-step' }],
    ['BACO reset', { class: 'gpu-reset-step', meaning: 'BACO' }],
    ['GPU pci config reset', { class: 'gpu-reset-step', meaning: 'pci config' }],
    ['GPU smu mode1 reset', { class: 'gpu-reset-step', meaning: 'smu mode1' }],
    ['GPU reset succeeded, trying to resume', { class: 'gpu-reset-done' }],
    ['GPU reset(7) succeeded!', { class: 'gpu-reset-done', running: 7 }],
    ['GPU reset end with ret = 0', { class: 'gpu-reset-done' }],
    ['GPU reset end with ret = -110', { class: 'reset-failed', errno: -110 }],
    ['GPU reset(3) failed', { class: 'reset-failed', running: 3 }],
    ['GPU Recovery Failed: -110', { class: 'reset-failed', errno: -110 }],
    ['VRAM is lost due to GPU reset!', { class: 'vram-lost' }],
    ['[drm] device wedged, but recovered through reset', { class: 'device-wedged' }],
    ['[drm] device wedged, but no recovery needed', { class: 'device-wedged' }],
    ['Not enough memory for command submission!', { class: 'submit-failed', errno: -12 }],
    ['MES failed to response msg=3', { class: 'firmware-timeout', meaning: '3' }],
    [
      'MES failed to respond to msg=REMOVE_QUEUE',
      { class: 'firmware-timeout', meaning: 'REMOVE_QUEUE' },
    ],
    ['MES(1) failed to respond to msg=SUSPEND', { class: 'firmware-timeout' }],
    [
      'MES might be in unrecoverable state, issue a GPU reset',
      { class: 'firmware-timeout', source: 'amdgpu' },
    ],
    ['Fence fallback timer expired on ring gfx', { class: 'interrupt-missed', engine: 'gfx' }],
    [
      'gfx_0.0.0 - device unplugged skipping recovery on scheduler:gfx_0.0.0',
      { class: 'unplug', engine: 'gfx_0.0.0' },
    ],
    ['device lost from bus!', { class: 'unplug' }],
    ['(-512) failed to wait for user bo', { class: 'userptr-failed', errno: -512 }],
    ['sq_intr: error, se 3, data 0x0, sh 0, priv 1', { class: 'wave-error' }],
    ['sq_intr: error, detail 0x00000000, type 2, sh 1', { class: 'wave-error' }],
    [
      'Check your /sys/class/drm/card1/device/devcoredump/data',
      { class: 'device-coredump', meaning: '/sys/class/drm/card1/device/devcoredump/data' },
    ],
    ['finishing device.', { class: 'unplug' }],
  ])('%s', (line, expected) => {
    expect(record(DEV + line)).toMatchObject({ device, ...expected });
  });

  it('a submission after a reset is refused, with and without a device', () => {
    expect(
      records(
        '[drm:amdgpu_cs_ioctl [amdgpu]] *ERROR* Failed to initialize parser -125!',
        `${DEV}Failed to initialize parser -125!`,
        `${DEV}Failed to initialize parser -12!`,
      ).map((one) => [one.class, one.errno, one.function]),
    ).toEqual([
      ['submit-refused', -125, 'amdgpu_cs_ioctl'],
      ['submit-refused', -125, undefined],
      ['submit-failed', -12, undefined],
    ]);
  });

  it.each(['amdgpu_dm_commit_planes', 'amdgpu_dm_atomic_commit_tail'])(
    'fences waited for too long by %s',
    (by) => {
      expect(record(`[drm:${by} [amdgpu]] *ERROR* Waiting for fences timed out!`)).toMatchObject({
        class: 'fence-timeout',
        source: 'drm',
        function: by,
        owner: 'amdgpu',
      });
    },
  );
});
