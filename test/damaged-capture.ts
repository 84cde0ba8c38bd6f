/** Captures as they would be had the recording stopped earlier, or had the ring buffer lost events. */
import type { Capture, EventBatch, Loss, ReadOptions } from '../src/parsers/parser.ts';
import { randomFrom } from './random.ts';

/** The first part of a capture: nothing after `until` (relative ns) was recorded. */
export function cutCapture(capture: Capture, until: number): Capture {
  return filtered(capture, (_id, ts) => ts <= until, []);
}

/** Each event is lost with probability `share`; every gap is a loss of its CPU, as the kernel marks it. */
export function lossyCapture(capture: Capture, share: number, seed: number): Capture {
  const next = randomFrom(seed);
  const losses: Loss[] = [...capture.losses];
  const open = new Map<
    string,
    { buffer: number; cpu: number; from: number | null; events: number }
  >();
  const last = new Map<string, number>();
  const keep = (_id: number, ts: number, cpu: number, buffer: number): boolean => {
    const place = `${buffer} ${cpu}`;
    if (next() < share) {
      const gap = open.get(place) ?? { buffer, cpu, from: last.get(place) ?? null, events: 0 };
      gap.events += 1;
      open.set(place, gap);
      return false;
    }
    const gap = open.get(place);
    if (gap !== undefined) losses.push({ ...gap, to: ts, kind: 'dropped' });
    open.delete(place);
    last.set(place, ts);
    return true;
  };
  return filtered(capture, keep, losses, () => {
    for (const gap of open.values()) losses.push({ ...gap, to: null, kind: 'dropped' });
  });
}

type Keep = (id: number, ts: number, cpu: number, buffer: number) => boolean;

function filtered(
  capture: Capture,
  keep: Keep,
  losses: readonly Loss[],
  finish: () => void = () => undefined,
): Capture {
  const counts = capture.header.eventTypes.map(() => ({
    events: 0,
    first: null as number | null,
    last: null as number | null,
  }));
  return {
    header: capture.header,
    counts,
    losses,
    problems: capture.problems,
    comm: (tid) => capture.comm(tid),
    symbol: (address) => capture.symbol(address),
    print: (type, fields, style) => capture.print(type, fields, style),
    close: () => capture.close(),
    ...(capture.tgid === undefined ? {} : { tgid: (tid: number) => capture.tgid?.(tid) }),
    *batches(options: ReadOptions = {}) {
      // Everything is read, so that what is only counted is cut as well.
      for (const batch of capture.batches()) {
        const kept = keptOf(batch, keep);
        for (const i of kept) {
          const count = counts[batch.type[i] ?? 0];
          const ts = batch.ts[i] ?? 0;
          if (count === undefined) continue;
          count.events += 1;
          count.first ??= ts;
          count.last = ts;
        }
        const types = capture.header.eventTypes;
        const chosen = kept.filter((i) => {
          const type = types[batch.type[i] ?? 0];
          return type !== undefined && options.select?.(type) !== 'count';
        });
        yield pick(batch, chosen);
      }
      finish();
    },
  };
}

function keptOf(batch: EventBatch, keep: Keep): number[] {
  const kept: number[] = [];
  for (let i = 0; i < batch.length; i += 1) {
    const { id, ts, cpu, buffer } = batch;
    if (keep(id[i] ?? 0, ts[i] ?? 0, cpu[i] ?? 0, buffer[i] ?? 0)) kept.push(i);
  }
  return kept;
}

function pick(batch: EventBatch, chosen: readonly number[]): EventBatch {
  const at = (column: Float64Array | Int32Array) => chosen.map((i) => column[i] ?? 0);
  return {
    length: chosen.length,
    id: Float64Array.from(at(batch.id)),
    ts: Float64Array.from(at(batch.ts)),
    cpu: Int32Array.from(at(batch.cpu)),
    tid: Int32Array.from(at(batch.tid)),
    type: Int32Array.from(at(batch.type)),
    buffer: Int32Array.from(at(batch.buffer)),
    fields: (i) => batch.fields(chosen[i] ?? 0),
    flags: (i) => batch.flags(chosen[i] ?? 0),
  };
}
