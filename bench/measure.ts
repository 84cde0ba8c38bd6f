/** Runs a program and measures what it cost: CPU time from the kernel's accounting, peak memory by polling. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Cost {
  /** user + system, in steps of 10 ms. */
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly peakMegabytes: number;
  readonly exitCode: number | null;
}

const POLL_MS = 20;
/** USER_HZ: proc(5) counts CPU time in 1/100 s on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** One run with its output thrown away. Run one at a time: the accounting is that of all children. */
export async function measure(command: string, args: readonly string[]): Promise<Cost> {
  const before = childrenTicks();
  const start = process.hrtime.bigint();
  const child = spawn(command, args, { stdio: 'ignore' });
  let peak = 0;
  const poll = setInterval(() => {
    peak = Math.max(peak, peakKilobytes(child.pid));
  }, POLL_MS);
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  }).finally(() => clearInterval(poll));
  const wallSeconds = Number(process.hrtime.bigint() - start) / 1e9;
  return {
    cpuSeconds: (childrenTicks() - before) / TICKS_PER_SECOND,
    wallSeconds,
    peakMegabytes: (peak * 1024) / 1e6,
    exitCode,
  };
}

/** cutime + cstime of proc(5): the CPU time of all children that have ended. */
function childrenTicks(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[13]) + Number(fields[14]);
}

/** VmHWM: the highest resident size so far; 0 once the process is gone. */
function peakKilobytes(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  } catch {
    return 0;
  }
}
