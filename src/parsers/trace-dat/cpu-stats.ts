import type { Loss } from '../parser.ts';

/** Counters of tracefs per_cpu/cpuN/stats (tracing_stats_read, kernel/trace/trace.c). */
export interface CpuStats {
  readonly bufferName: string;
  readonly cpu: number;
  /** Events read or still to be read when the recording ended: about those the file holds. */
  readonly events: number;
  /** Events the writer overwrote before anybody read them. */
  readonly overrun: number;
  /** Events given up because an interrupted writer had filled the buffer. */
  readonly commitOverrun: number;
  /** Events refused because the buffer was full and must not be overwritten. */
  readonly dropped: number;
}

/**
 * The CPUSTAT options in file order. trace-cmd puts a text `Buffer: name` ahead of an instance's
 * CPUs (add_buffer_stat, trace-record.c).
 */
export function parseCpuStats(texts: readonly string[]): CpuStats[] {
  const all: CpuStats[] = [];
  let bufferName = '';
  for (const text of texts) {
    bufferName = /^Buffer: (.*)$/m.exec(text)?.[1] ?? bufferName;
    for (const part of text.split(/^(?=CPU: ?\d)/m)) {
      const cpu = counter(part, 'CPU');
      if (cpu === undefined) continue;
      all.push({
        bufferName,
        cpu,
        events: (counter(part, 'entries') ?? 0) + (counter(part, 'read events') ?? 0),
        overrun: counter(part, 'overrun') ?? 0,
        commitOverrun: counter(part, 'commit overrun') ?? 0,
        dropped: counter(part, 'dropped events') ?? 0,
      });
    }
  }
  return all;
}

function counter(text: string, name: string): number | undefined {
  const digits = new RegExp(`^${name}: ?(\\d+)`, 'm').exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * Adds what the counters know and the pages do not. The pages mark where events were overwritten,
 * not always how many; an overrun no page marks happened before the first event that was kept.
 */
export function lossesFromStats(
  stats: readonly CpuStats[],
  bufferIndex: (name: string) => number | undefined,
  seen: readonly Loss[],
  span: (buffer: number, cpu: number) => { first: number; last: number } | undefined,
): Loss[] {
  const losses = [...seen];
  for (const { bufferName, cpu, overrun, commitOverrun, dropped } of stats) {
    const buffer = bufferIndex(bufferName);
    if (buffer === undefined) continue;
    const events = span(buffer, cpu);
    if (overrun > 0) addOverrun(losses, buffer, cpu, overrun, events?.first ?? null);
    const refused = commitOverrun + dropped;
    if (refused > 0) {
      const from = dropped > 0 ? (events?.last ?? null) : (events?.first ?? null);
      losses.push({ buffer, cpu, from, to: null, events: refused, kind: 'dropped' });
    }
  }
  return losses.sort((a, b) => a.buffer - b.buffer || a.cpu - b.cpu || start(a) - start(b));
}

function start(loss: Loss): number {
  return loss.from ?? Number.NEGATIVE_INFINITY;
}

function addOverrun(
  losses: Loss[],
  buffer: number,
  cpu: number,
  overrun: number,
  first: number | null,
): void {
  const marked = losses.filter((loss) => loss.buffer === buffer && loss.cpu === cpu);
  const uncounted = marked.filter(({ events, kind }) => events === null && kind !== 'truncated');
  const counted = marked.reduce((sum, { events }) => sum + (events ?? 0), 0);
  const rest = overrun - counted;
  if (rest <= 0) return;
  const [only] = uncounted;
  if (only && uncounted.length === 1) losses[losses.indexOf(only)] = { ...only, events: rest };
  else if (!only) {
    losses.push({ buffer, cpu, from: null, to: first, events: rest, kind: 'overwritten' });
  }
}
