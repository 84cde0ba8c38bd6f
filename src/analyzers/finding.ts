/** What detectors say, as plain data. Reports format it; detectors never do. */
import type { Chain, Hop } from './wait-for/chain.ts';

export type Severity = 'info' | 'warn' | 'error' | 'critical';
export type Confidence = 'suspect' | 'likely' | 'proven';

/** A row of an object table a finding is about. */
export interface ObjectRef {
  /** Table name, for example `fence`. */
  readonly kind: string;
  readonly id: number;
  /** What a reader calls it, for example `fence 3:2 (svmlab-ring0)`. */
  readonly label: string;
}

/** One typed value of a details table. Units are part of the type; reports choose the wording. */
export type DetailValue =
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'count'; readonly value: number }
  /** Nanoseconds between two moments. */
  | { readonly type: 'duration'; readonly ns: number }
  /** Relative nanoseconds since the capture's first event. */
  | { readonly type: 'time'; readonly ns: number }
  | { readonly type: 'bytes'; readonly value: number }
  /** Kernel or user address, 64 bit, as 0x… text. */
  | { readonly type: 'address'; readonly hex: string }
  /** Negative errno of the kernel, for example -16. */
  | { readonly type: 'errno'; readonly value: number }
  | { readonly type: 'object'; readonly ref: ObjectRef };

export interface Detail {
  readonly label: string;
  readonly value: DetailValue;
}

/** What a detector yields; the runner adds id and evidence text. */
export interface FindingDraft {
  readonly severity: Severity;
  readonly confidence: Confidence;
  /** One sentence with the names and numbers, fit to be pasted into a bug report. */
  readonly summary: string;
  /** Relative ns: the span the finding is about. */
  readonly from: number;
  readonly to: number;
  readonly objects: readonly ObjectRef[];
  readonly details: readonly Detail[];
  /** Ordinals of the events that show it, never empty; the runner sorts them by time. */
  readonly evidence: readonly number[];
  /** What to look at next, each one imperative sentence. */
  readonly next: readonly string[];
  /**
   * What makes it the same finding in another run of the same load: no pids, pointers or times.
   * Compared across builds.
   */
  readonly identity: readonly string[];
  /**
   * Machine-readable key, for scripts and tests: `pid`, `tid`, `fence` (`context:seqno`), `mm`, `mni`,
   * `start`, `end` (0x… text), `pasid`, `producer`, `what`.
   */
  readonly key: Readonly<Record<string, string | number>>;
}

/** One event row shown as evidence, as `trace-cmd report` prints it. */
export interface EvidenceLine {
  readonly event: number;
  readonly ts: number;
  readonly cpu: number;
  readonly tid: number;
  /** Its absolute stamp, decimal, where its clock is not aligned with that of the capture. */
  readonly stamp?: string;
  /** Name of the thread, as far as the capture says. */
  readonly comm?: string;
  /** `system:event`. */
  readonly type: string;
  readonly text: string;
}

export interface Finding extends Omit<FindingDraft, 'evidence'> {
  /** Stable for the same capture: `<detector>-<8 hex digits>`. */
  readonly id: string;
  readonly detector: string;
  readonly evidence: readonly EvidenceLine[];
  /** Evidence events left out of `evidence` because there are too many to print. */
  readonly evidenceOmitted: number;
  /** What it stood behind, down to the first thing that did not move; absent where nothing stood. */
  readonly chain?: FindingChain;
}

/** A chain of causes with the events of every hop as they are printed. */
export interface FindingChain extends Omit<Chain, 'hops'> {
  readonly hops: readonly FindingHop[];
}

export interface FindingHop extends Omit<Hop, 'evidence'> {
  readonly evidence: readonly EvidenceLine[];
}

/** Findings that are one thing seen from several sides. */
export interface Incident {
  /** Stable for the same capture: `incident-<8 hex digits>`. */
  readonly id: string;
  /** Those of its worst and, among these, surest, then longest finding. */
  readonly severity: Severity;
  readonly confidence: Confidence;
  /** The sentence of that finding, or of its cause where that is as bad and not named in it. */
  readonly headline: string;
  /** Relative ns. */
  readonly from: number;
  readonly to: number;
  /** Id of the finding that the chains of causes of the others lead to; null where none does. */
  readonly cause: string | null;
  /** Ids of all of them in the order of their beginnings. */
  readonly findings: readonly string[];
  /** What happened in it, in time order. */
  readonly timeline: readonly IncidentMoment[];
}

export interface IncidentMoment {
  /** Relative ns. */
  readonly ts: number;
  readonly text: string;
  /** Id of the finding it comes from. */
  readonly finding: string;
}
