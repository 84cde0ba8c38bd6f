/**
 * The contract of a detector: one file with declarative `meta` and a generator over the object
 * tables. The runner checks the declared needs, so "could not look" is never "clean".
 */
import type { OccurrenceKind } from '../kernel/occurrence.ts';
import type { Clock, Loss } from '../parsers/parser.ts';
import type { FindingDraft, Severity } from './finding.ts';
import type { Threshold } from './threshold.ts';

/** One thing a detector cannot do without: any one of `oneOf` in the capture satisfies it. */
export interface Need {
  readonly oneOf: readonly OccurrenceKind[];
  /** What would record it: an event (`dma_fence:dma_fence_signaled`) or a kprobe_events line. */
  readonly enable: readonly string[];
}

export interface DetectorMeta {
  /** The file's name; a noun of the bad thing. */
  readonly id: string;
  /** D-number of the catalogue, for example `D6`. */
  readonly number: string;
  readonly title: string;
  /** What it means and why it matters, two or three sentences. */
  readonly description: string;
  /** The highest severity it gives. */
  readonly severity: Severity;
  readonly needs: readonly Need[];
  /** Kinds that sharpen the verdict but are not required. */
  readonly uses: readonly Need[];
  /** The numbers it judges by; asked for with `view.limit`. */
  readonly thresholds?: readonly Threshold[];
  /** How it can be wrong, each one sentence. */
  readonly traps: readonly string[];
  /** Kernel file and function, mailing-list thread or paper. */
  readonly references: readonly string[];
}

/** What a detector may look at. SQL runs on a read-only connection to the object tables. */
export interface View {
  /** Rows of a query, integers beyond 2^53 as bigint, all others as number. */
  all<Row>(sql: string, ...parameters: readonly (string | number | bigint | null)[]): Row[];
  /** Whether occurrences of this kind were seen, or their event was surely recorded and did not fire. */
  observed(kind: OccurrenceKind): boolean;
  readonly clock: Clock;
  /** Relative ns of the last event; logs beside a recording may go on. */
  readonly end: number;
  /**
   * ± ns between the clocks that stamped two events (ids; null = unknown): 0 within one input, infinite
   * where nothing ties their inputs. Events that are not further apart cannot be ordered.
   */
  clockError(a: number | null, b: number | null): number;
  readonly losses: readonly Loss[];
  /** Whether events were lost on any CPU in the interval (relative ns; null = open). */
  lossBetween(from: number | null, to: number | null): boolean;
  /** Lines of `probe_check`: probes whose arguments cannot be what their names say. */
  readonly saneProbes: boolean;
  /** Only one task and its children were recorded (perf without -a): idle and kworkers are invisible. */
  readonly perTask: boolean;
  /** The value to judge by: the configured one, else the default. */
  limit(threshold: Threshold): number;
  /** How the detectors run so far ended; `tool-blind` runs last and sees all others. */
  readonly runs: readonly DetectorRun[];
}

export interface Detector {
  readonly meta: DetectorMeta;
  /**
   * Why it cannot decide on this capture although all kinds it needs were observed, one sentence:
   * the runner then says `not-observable` and does not call `detect`. Undefined = it can.
   */
  cannotDecide?(view: View): string | undefined;
  detect(view: View): Iterable<FindingDraft>;
}

/** How one detector ended. `not-observable` names what to record. */
export interface DetectorRun {
  readonly detector: string;
  readonly outcome: 'findings' | 'clean' | 'not-observable' | 'error';
  readonly findings: number;
  /** For `not-observable`: why, one sentence. For `error`: the message. */
  readonly reason?: string;
  /** Exact events or kprobe_events lines that would let it decide. */
  readonly enable?: readonly string[];
}
