import { expect, it } from 'vitest';
import { kernelText, machineText } from './machine.ts';

const shown = (uname: string | null, cpus = 3) => [
  kernelText({ uname }),
  machineText({ uname, cpus }),
];

it('tells the kernel from the machine', () => {
  expect(shown('Linux lab 6.12.117+deb12-amd64 x86_64')).toEqual([
    'Linux 6.12.117+deb12-amd64',
    'lab, x86_64, 3 CPUs',
  ]);
  expect(shown('Linux lab 6.12.1 #1 SMP PREEMPT_DYNAMIC Debian 6.12.1-1 aarch64', 1)).toEqual([
    'Linux 6.12.1 #1 SMP PREEMPT_DYNAMIC Debian 6.12.1-1',
    'lab, aarch64, 1 CPU',
  ]);
});

it('takes nothing for a name that is none', () => {
  expect(shown('Linux (none) 6.1.0-50-s390x s390x')).toEqual([
    'Linux 6.1.0-50-s390x',
    's390x, 3 CPUs',
  ]);
  expect(shown('Linux 6.12')).toEqual(['Linux 6.12', '3 CPUs']);
  expect(shown(null, 0)).toEqual(['not recorded', 'not recorded']);
});
