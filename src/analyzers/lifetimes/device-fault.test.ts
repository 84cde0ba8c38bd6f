import { describe, expect, it } from 'vitest';
import {
  enter,
  exec,
  exit,
  exitMmap,
  insert,
  leave,
  live,
  rangeFault,
  readBegin,
} from '../../../test/run-lifetimes.ts';

const MM = 0x1000;
const WORKER = 58;
const comms = { [WORKER]: 'kworker/0:2' };

describe('a fault handler', () => {
  it('belongs to the process whose notifier an earlier fault of its PASID was served through', () => {
    const lived = live(
      [
        [0, 10, exec('/bin/app', 10)],
        [1, 10, insert(0x99, MM, 0x7000, 0x10000)],
        [2, WORKER, enter('gpu_fault', { pasid: 33616, addr: 0x7000 })],
        [2.1, WORKER, readBegin(0x99)],
        [2.2, WORKER, rangeFault(0x99, 0x7000, 0x8000)],
        [2.4, WORKER, leave('gpu_fault', 0)],
        [3, 10, exitMmap(MM)],
        [3.1, 10, exit()],
        [9, WORKER, enter('gpu_fault', { pasid: 33616, addr: 0x8000 })],
        [9.1, WORKER, leave('gpu_fault', -3)],
      ],
      { comms },
    );
    expect(lived.rows('device_fault')).toMatchObject([
      { pasid: 33616, ret: 0, process_id: 1, mm: MM, address: 0x7000 },
      { pasid: 33616, ret: -3, process_id: 1, mm: MM, address: 0x8000, start_ts: 9e6 },
    ]);
  });

  it('refused while its PASID serves a new process is of the dead one that had the number before', () => {
    const served = (at: number, mni: number) =>
      [
        [at, WORKER, enter('gpu_fault', { pasid: 77, addr: 0x7000 })],
        [at + 0.1, WORKER, readBegin(mni)],
        [at + 0.2, WORKER, leave('gpu_fault', 0)],
      ] as const;
    const refused = (at: number) =>
      [
        [at, WORKER, enter('gpu_fault', { pasid: 77, addr: 0x8000 })],
        [at + 0.1, WORKER, leave('gpu_fault', -3)],
      ] as const;
    const lived = live(
      [
        [0, 10, exec('/bin/first', 10)],
        [1, 10, insert(0x99, MM, 0x7000, 0x10000)],
        ...served(2, 0x99),
        [3, 10, exitMmap(MM)],
        [3.1, 10, exit()],
        ...refused(4),
        [5, 20, exec('/bin/second', 20)],
        [6, 20, insert(0xaa, 0x2000, 0x7000, 0x10000)],
        ...served(7, 0xaa),
        ...refused(8),
        ...served(9, 0xaa),
        [10, 20, exitMmap(0x2000)],
        [10.1, 20, exit()],
        ...refused(11),
      ],
      { comms },
    );
    const owners = lived.rows('device_fault').map(({ ret, mm }) => [ret, mm]);
    expect(owners).toEqual([
      [0, MM],
      [-3, MM],
      [0, 0x2000],
      [-3, MM],
      [0, 0x2000],
      [-3, 0x2000],
    ]);
  });

  it('of a PASID nobody was served for belongs to nobody: the number is not decoded', () => {
    const lived = live([
      [0, 10, exec('/bin/app', 10)],
      [1, WORKER, enter('gpu_fault', { pasid: 0x8000 + 10 })],
      [2, WORKER, leave('gpu_fault', -3)],
    ]);
    expect(lived.row('device_fault')).not.toHaveProperty('process_id');
  });

  it('is recognised by what it does: it faults a range in from a worker and is refused', () => {
    const lived = live(
      [
        [1, WORKER, enter('do_it')],
        [1.1, WORKER, readBegin(0x99)],
        [2, WORKER, leave('do_it', -14)],
        [3, WORKER, enter('something_else')],
        [4, WORKER, leave('something_else', -14)],
      ],
      { comms },
    );
    expect(lived.row('device_fault')).toMatchObject({ function: 'do_it', ret: -14 });
  });
});

describe('reported faults', () => {
  it('of a driver are joined by its PASID until that is given away', () => {
    const fault = {
      kind: 'device.fault',
      driver: 'amdgpu',
      pasid: 32770,
      vmid: 8,
      asid: undefined,
      address: 0x7000,
      write: false,
    } as const;
    const lived = live([
      [0, 10, { kind: 'pasid.allocated', driver: 'amdgpu', pasid: 32770 }],
      [1, 0, fault],
      [2, 5, { kind: 'pasid.freed', driver: 'amdgpu', pasid: 32770 }],
      [3, 0, fault],
      [4, 20, { kind: 'pasid.allocated', driver: 'amdgpu', pasid: 32770 }],
      [5, 0, fault],
    ]);
    expect(lived.rows('device_fault')).toMatchObject([
      { process_id: 1, pasid_id: 1, source: 'tracepoint' },
      { process_id: 1, pasid_id: 1 },
      { process_id: 2, pasid_id: 2 },
    ]);
  });

  const none = {
    kind: 'device.fault',
    pasid: undefined,
    vmid: undefined,
    asid: undefined,
    address: undefined,
    write: undefined,
  } as const;

  it('of an ASID or a queue are those of whoever made it', () => {
    const dev = '0000:03:00.0';
    const lived = live([
      [0, 10, { kind: 'vm.created', driver: 'xe', dev, vm: 0xf00, asid: 3 }],
      [1, 20, { kind: 'queue.created', driver: 'xe', dev, gt: 0, number: 4, engine: 'ccs' }],
      [2, 58, { ...none, driver: 'xe', dev, asid: 3, address: 0x7000 }],
      [3, 58, { ...none, driver: 'xe', dev, queue: 4, gt: 0 }],
    ]);
    expect(lived.rows('device_fault')).toMatchObject([
      { process_id: 1, gpu_vm_id: 1, asid: 3 },
      { process_id: 2, gpu_queue_id: 1 },
    ]);
  });

  it('of a VMID alone are of the PASID it is granted to, if that is one', () => {
    const grant = (vmid: number, hub: number, pasid: number) =>
      ({ kind: 'vmid.granted', driver: 'amdgpu', vmid, hub, pasid }) as const;
    const lived = live([
      [0, 10, { kind: 'pasid.allocated', driver: 'amdgpu', pasid: 7 }],
      [1, 58, grant(8, 0, 7)],
      [1, 58, grant(9, 0, 7)],
      [1, 58, grant(9, 1, 5)],
      [2, 0, { ...none, driver: 'amdgpu', vmid: 8, pasid: 0 }],
      [3, 0, { ...none, driver: 'amdgpu', vmid: 9, pasid: 0 }],
    ]);
    const [known, unknown] = lived.rows('device_fault');
    expect(known).toMatchObject({ pasid: 7, process_id: 1, pasid_id: 1, vmid: 8 });
    expect(unknown).not.toHaveProperty('process_id');
  });

  it('of KFD end when they are served', () => {
    const fault = { ...none, driver: 'amdkfd', address: 0x7000, write: false };
    const lived = live([
      [0, 10, fault],
      [
        2,
        10,
        {
          kind: 'device.fault_end',
          driver: 'amdkfd',
          pid: 10,
          node: 1,
          address: 0x7000,
          migrated: true,
        },
      ],
      [3, 10, { ...fault, address: 0x8000 }],
    ]);
    const [served, open] = lived.rows('device_fault');
    expect(served).toMatchObject({ process_id: 1, served: 'migrated', end_ts: 2e6 });
    expect(open).not.toHaveProperty('end_ts');
  });
});
