/**
 * Numbers of x86, arm64, riscv and s390 (include/uapi/asm-generic/errno*.h), whatever this report
 * is rendered on; mips, sparc, alpha and parisc number those above 34 differently.
 */
const LINUX_ERRNO: Readonly<Record<number, string>> = {
  1: 'EPERM',
  2: 'ENOENT',
  3: 'ESRCH',
  4: 'EINTR',
  5: 'EIO',
  6: 'ENXIO',
  9: 'EBADF',
  11: 'EAGAIN',
  12: 'ENOMEM',
  13: 'EACCES',
  14: 'EFAULT',
  16: 'EBUSY',
  17: 'EEXIST',
  19: 'ENODEV',
  22: 'EINVAL',
  28: 'ENOSPC',
  62: 'ETIME',
  95: 'EOPNOTSUPP',
  108: 'ESHUTDOWN',
  110: 'ETIMEDOUT',
  125: 'ECANCELED',
  /* Kernel-internal, include/linux/errno.h: seen in traces, never by user space. */
  512: 'ERESTARTSYS',
};

/** `-16 (-EBUSY)`. */
export function errnoName(value: number): string {
  const name = LINUX_ERRNO[-value];
  return name === undefined ? String(value) : `${value} (-${name})`;
}
