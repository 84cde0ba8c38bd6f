import { expect, it } from 'vitest';
import { record } from '../../../test/log-records.ts';

it.each([
  [
    'NVRM: Xid (PCI:0000:65:00): 31, pid=30211, Ch 00000010, intr 10000000. MMU Fault: ENGINE GRAPHICS GPCCLIENT_T1_3 faulted @ 0x7e11_20c40000. Fault is of type FAULT_PDE ACCESS_TYPE_VIRT_READ',
    {
      class: 'gpu-page-fault',
      pid: 30211,
      address: 0x7e1120c40000,
      access: 'read',
      queue: 16,
      engine: 'GRAPHICS',
      client: 'GPCCLIENT_T1_3',
      meaning: 'FAULT_PDE',
    },
  ],
  [
    'NVRM: Xid (PCI:0000:65:00): 31, pid=30211, name=train step, Ch 00000010, intr 00000000. MMU Fault: ENGINE CE0 HUBCLIENT_CE0 faulted @ 0x7e11_20c40000. Fault is of type FAULT_PTE ACCESS_TYPE_VIRT_WRITE',
    { class: 'gpu-page-fault', comm: 'train step', access: 'write' },
  ],
  [
    "NVRM: Xid (PCI:0000:65:00): 45, pid='<unknown>', name=<unknown>, Ch 00000011",
    { class: 'channel-killed', queue: 17, reason: 45 },
  ],
  [
    'NVRM: Xid (PCI:0000:65:00): 79, pid=1, GPU has fallen off the bus.',
    { class: 'unplug', reason: 79 },
  ],
  ['NVRM: Xid (PCI:0000:65:00): 8, pid=77, name=x, Channel 00000012', { class: 'job-timeout' }],
  [
    'NVRM: Xid (PCI:0000:65:00): 119, pid=77, name=x, Timeout waiting for RPC from GSP!',
    { class: 'firmware-timeout', meaning: 'Timeout waiting for RPC from GSP!' },
  ],
  [
    'NVRM: Xid (PCI:0000:65:00): 13, pid=77, name=x, Graphics SM Warp Exception on (GPC 0, TPC 1): Out Of Range Address',
    { class: 'gpu-error', reason: 13, pid: 77 },
  ],
  ['NVRM: GPU 0000:65:00.0: GPU has fallen off the bus.', { class: 'unplug' }],
])('%s', (line, expected) => {
  expect(record(line)).toMatchObject({ source: 'nvidia', device: '0000:65:00.0', ...expected });
});

it('an unknown process is none', () => {
  const { pid, comm } = record(
    "NVRM: Xid (PCI:0000:65:00): 45, pid='<unknown>', name=<unknown>, Ch 00000011",
  );
  expect([pid, comm]).toEqual([undefined, undefined]);
});
