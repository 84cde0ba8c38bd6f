/** Fault episodes as the detectors of HMM retries read them. */
import type { Word } from '../../../kernel/occurrence.ts';
import type { View } from '../../detector.ts';
import { invalidations } from './needs.ts';
import { actor, hex, range, reasonName } from './wording.ts';

export interface Episode {
  readonly id: number;
  readonly tid: number;
  /** Owner of the memory; the faulting thread is often a kworker. */
  readonly process_id: number | null;
  readonly mm: Word | null;
  readonly mni: Word | null;
  readonly range_start: Word | null;
  readonly range_end: Word | null;
  readonly attempts: number;
  readonly busy: number | null;
  readonly last_ret: number | null;
  readonly wrapper: string | null;
  readonly wrapper_ret: number | null;
  readonly wrapper_start_ts: number | null;
  readonly wrapper_end_ts: number | null;
  readonly wrapper_event: number | null;
  readonly wrapper_return_event: number | null;
  readonly outcome: string | null;
  readonly longest_attempt_ns: number | null;
  readonly self_inflicted: number | null;
  readonly colliding: number | null;
  readonly top_actor_tid: number | null;
  readonly top_actor_reason: number | null;
  readonly first_colliding_event: number | null;
  readonly start_ts: number;
  readonly end_ts: number | null;
  readonly start_event: number | null;
  readonly end_event: number | null;
  readonly lossy: number | null;
}

/** `0x7f0000000000-0x7f0000010000`, or `a range` where no probe showed it. */
export function episodeRange(episode: Episode): string {
  return episode.range_start === null || episode.range_end === null
    ? 'a range'
    : range(episode.range_start, episode.range_end);
}

export function episodeKey(episode: Episode, pid: number): Record<string, string | number> {
  return {
    pid,
    tid: episode.tid,
    ...(episode.mni === null ? {} : { mni: hex(episode.mni) }),
    ...(episode.range_start === null ? {} : { start: hex(episode.range_start) }),
    ...(episode.range_end === null ? {} : { end: hex(episode.range_end) }),
  };
}

/** Process of a thread at a moment; NULL where its group is not known. */
export function processOf(view: View, tid: number, ts: number): number | null {
  const [task] = view.all<{ process_id: number | null }>(
    `SELECT process_id FROM task WHERE tid = ? AND coalesce(start_ts, 0) <= ?
      ORDER BY generation DESC LIMIT 1`,
    tid,
    ts,
  );
  return task?.process_id ?? null;
}

/** What to look at to find who invalidates the range. */
export function aggressorStep(view: View, episode: Episode): string {
  return episode.top_actor_tid === null && (episode.self_inflicted ?? 0) === 0
    ? `Record who invalidates: ${invalidations.enable[0]}`
    : `See why that is: ${aggressor(view, episode)}.`;
}

/** Who invalidates the range meanwhile. */
export function aggressor(view: View, episode: Episode): string {
  const busy = episode.busy ?? 0;
  if (busy > 0 && (episode.self_inflicted ?? 0) >= busy) {
    return 'the fault invalidates its own range (copy-on-write or migration inside hmm_range_fault)';
  }
  if (episode.top_actor_tid === null) return 'who invalidates the range was not recorded';
  const process = processOf(view, episode.top_actor_tid, episode.end_ts ?? view.end);
  const by = actor(view, episode.top_actor_tid, process);
  const times = episode.colliding === 1 ? 'once' : `${episode.colliding ?? 0} times`;
  return `the range was invalidated ${times} meanwhile, most by ${by.label} (${reasonName(episode.top_actor_reason)})`;
}

/** No threshold: HMM_RANGE_DEFAULT_TIMEOUT, include/linux/hmm.h. */
const HMM_LIMIT_NS = 1e9;
/** No threshold: jiffies round the limit of the kernel, most often up. */
const LIMIT_EARLY = 0.01;
/** No threshold: as above. */
const LIMIT_LATE = 0.05;

/** How many whole limits a fault lasted; undefined where its length is no multiple of the limit. */
export function limitsUsed(view: View, episode: Episode): number | undefined {
  const from = episode.wrapper_start_ts ?? episode.start_ts;
  const to = episode.wrapper_end_ts ?? episode.end_ts ?? view.end;
  const limits = (to - from) / HMM_LIMIT_NS;
  const whole = Math.max(1, Math.round(limits));
  return limits >= whole - LIMIT_EARLY && limits <= whole + LIMIT_LATE ? whole : undefined;
}
