/** What `uname` says, told apart: the kernel, and the machine it ran on. */
import type { ResultCapture } from '../analyzers/result.ts';
import { counted } from './units.ts';

/** What UTS_MACHINE of the architectures' Makefiles may be. */
const MACHINE =
  /\s(x86_64|i[3-6]86|aarch64|arm\w*|s390x?|ppc\w*|riscv\w*|loongarch\w*|mips\w*|sparc\w*|alpha|parisc\w*)$/;
/** UTS_NODENAME of a machine that nobody gave a name, and what recorders write that do not know it. */
const NAMELESS = '(none)';

/** `Linux 6.12.117 #1 SMP`: uname without the names of the machine. */
export function kernelText({ uname }: Pick<ResultCapture, 'uname'>): string {
  if (uname === null) return 'not recorded';
  return uname
    .trim()
    .replace(MACHINE, '')
    .replace(/^(Linux) \S+ (?=\d)/, '$1 ');
}

/** `lab, x86_64, 3 CPUs`, as far as it is known. */
export function machineText({ uname, cpus }: Pick<ResultCapture, 'uname' | 'cpus'>): string {
  const text = uname?.trim() ?? '';
  const host = /^Linux (\S+) \d/.exec(text)?.[1];
  const parts = [
    host === NAMELESS ? '' : host,
    MACHINE.exec(text)?.[1],
    cpus > 0 ? counted(cpus, 'CPU') : '',
  ].filter(Boolean);
  return parts.length === 0 ? 'not recorded' : parts.join(', ');
}
