/** The chain of causes: who stood still, behind what, down to the first thing that did not move. */
import type { ObjectRef } from '../finding.ts';

/** One thing that stood still at the instant a chain is evaluated at. */
export interface Hop {
  readonly object: ObjectRef;
  /** A clause without subject, to be read behind the label: `stood in invalidate_range_start`. */
  readonly state: string;
  /** Relative ns since when it stood so; null = since before the capture. */
  readonly since: number | null;
  /** How it follows from the hop before it: `waits for`, `is signalled by`. Empty for the first. */
  readonly relation: string;
  /** `recorded`: events name both ends. `inferred`: the order of a queue, or the owner of a thing, says so. */
  readonly certainty: 'recorded' | 'inferred';
  /** Ordinals of the events that show it, in time order. */
  readonly evidence: readonly number[];
}

export interface ChainEnd {
  /**
   * `stuck`: the last hop is the first thing that did not move. `deadlock`: it waits for an earlier
   * hop, and every link of the ring was recorded. `cycle`: so it seems, but a link is inferred.
   * `lost`: what it waits for was not recorded. `moving`: it was already over, or went on.
   */
  readonly kind: 'stuck' | 'deadlock' | 'cycle' | 'lost' | 'moving';
  readonly text: string;
  /** What would have recorded the next hop; empty unless `lost`. */
  readonly enable: readonly string[];
}

export interface Chain {
  /** Relative ns it is evaluated at. */
  readonly at: number;
  readonly hops: readonly Hop[];
  readonly end: ChainEnd;
}
