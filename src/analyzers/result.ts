/** The Result: plain JSON, versioned. Every report is a pure function of it. */
import type { DetectorRun } from './detector.ts';
import type { EvidenceLine, Finding, Incident, Severity } from './finding.ts';

export const RESULT_VERSION = 2;

export interface ResultClock {
  readonly name: string;
  readonly unit: 'ns' | 'ticks';
  /** Decimal text of the 64-bit absolute time stamp that relative times are added to. */
  readonly base: string;
  readonly converted?: string;
}

/** One of the inputs a capture was put together from, and how its clock was aligned. */
export interface ResultInput {
  readonly path: string;
  /** The only boot of a log that is used; null = all of it. */
  readonly part: string | null;
  readonly format: string;
  readonly version: string;
  readonly sizeBytes: number;
  /** Relative ns of its first and its last event. */
  readonly from: number;
  readonly to: number;
  readonly uname: string | null;
  /** Name of its own clock. */
  readonly clock: string;
  readonly isLog: boolean;
  /** Inputs with the same number are of one boot of one machine. */
  readonly boot: number;
  /** What ties its clock to that of the reference; `none` = its times are compared with nothing. */
  readonly aligned: 'reference' | 'lines' | 'marks' | 'events' | 'clock' | 'wall' | 'host' | 'none';
  /** Decimal text of the ns added to its absolute stamps. */
  readonly offsetNs: string;
  /** The offset is right within ± this many ns; null = not aligned. */
  readonly errorNs: number | null;
  /** Happenings found in both inputs that agree on the offset. */
  readonly anchors: number;
  /** What ties it, or why nothing does. */
  readonly reason: string;
}

export interface ResultCapture {
  readonly path: string;
  /** What it was put together from; one unless several were given. */
  readonly inputs: readonly ResultInput[];
  readonly format: string;
  readonly version: string;
  readonly endian: 'little' | 'big';
  readonly sizeBytes: number;
  readonly uname: string | null;
  readonly clock: ResultClock;
  readonly cpus: number;
  readonly buffers: readonly {
    readonly name: string;
    readonly clock: string;
    readonly cpus: readonly number[];
  }[];
  readonly facts: Readonly<Record<string, string>>;
  /** Relative ns of the last event; the first is 0. */
  readonly durationNs: number;
  readonly events: number;
  readonly eventTypes: readonly {
    readonly system: string;
    readonly name: string;
    readonly events: number;
    readonly first: number | null;
    readonly last: number | null;
    readonly selected: boolean;
  }[];
}

export interface ResultLoss {
  readonly buffer: string;
  readonly cpu: number;
  readonly from: number | null;
  readonly to: number | null;
  readonly events: number | null;
  readonly kind: 'overwritten' | 'dropped' | 'truncated' | 'ended';
}

export interface ResultProblem {
  readonly code: string;
  readonly severity: 'info' | 'data-loss' | 'error';
  readonly message: string;
  readonly count: number;
}

/** One moment of an object, relative ns. */
export interface LifetimeStep {
  /** Of its object table, for example `signaled_ts`. */
  readonly column: string;
  readonly ts: number;
}

export interface ObjectLifetime {
  readonly kind: string;
  readonly id: number;
  /** In time order. */
  readonly steps: readonly LifetimeStep[];
  /** Which of the events it is made of, in time order. */
  readonly events: readonly number[];
  readonly eventsOmitted: number;
  /** Its events are written field by field, because the capture itself was not at hand. */
  readonly plain?: true;
}

/** What happened to objects that are drawn or named; capped, those of findings first. */
export interface DrawnLifetimes {
  /** What their moments mean, by object table and column. */
  readonly moments: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly objects: readonly ObjectLifetime[];
  /** Their events, each once, in time order. */
  readonly events: readonly EvidenceLine[];
}

/** One bar of a timeline, relative ns; null = before the capture began / after it ended. */
export interface TimelineItem {
  readonly from: number | null;
  readonly to: number | null;
  readonly label: string;
  /** Object table the item comes from; decides its colour. */
  readonly kind: string;
  /** Its row there; absent = several objects. */
  readonly id?: number;
  /** Ids of the findings that are about it; absent = none. */
  readonly findings?: readonly string[];
  /** How many short objects close together are drawn as this one bar; absent = 1. */
  readonly count?: number;
}

export interface TimelineLane {
  readonly label: string;
  /** The thread whose doings the lane shows. */
  readonly tid?: number;
  readonly items: readonly TimelineItem[];
}

export interface ObjectCount {
  /** Object table, for example `address_space`. */
  readonly kind: string;
  readonly count: number;
}

/** What the cells of a column are; everything but `text` is a number, or decimal text beyond 2^53. */
export type CellType =
  | 'text'
  | 'number'
  | 'time'
  | 'duration'
  | 'count'
  | 'bytes'
  /** 0x… text. */
  | 'address'
  /** A negative one is an error. */
  | 'errno'
  /** 1 or 0. */
  | 'flag'
  /** Ordinal of an event of the capture. */
  | 'event'
  /** `comm-tid`, or the tid alone. */
  | 'thread'
  /** Id of a row of another table. */
  | 'object';

export interface ObjectColumn {
  /** Column of the database, or name of a duration that is computed from two. */
  readonly name: string;
  /** Its heading. */
  readonly title: string;
  readonly doc: string;
  readonly type: CellType;
  /** Of `object`: the table, … */
  readonly kind?: string;
  /** … and what readers call the rows meant, by id; absent = they have no names. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A table of objects of one kind, capped: those of findings first, then the longest. */
export interface ObjectTable {
  readonly kind: string;
  readonly doc: string;
  readonly total: number;
  /** The first is the id. */
  readonly columns: readonly ObjectColumn[];
  /** By id. */
  readonly rows: readonly (readonly (string | number | null)[])[];
  /** Ids of the findings about a row, by its id; absent = none. */
  readonly findings: Readonly<Record<string, readonly string[]>>;
}

/** Durations of one kind: all of them when few, an even sample of the sorted values when many. */
export interface Distribution {
  readonly name: string;
  readonly title: string;
  readonly unit: 'ns';
  readonly count: number;
  /** How many had not ended when the capture did: no value tells of them. */
  readonly unended: number;
  readonly quantiles: readonly { readonly q: number; readonly value: number }[];
  /** `ts` relative ns of the start, `value` ns, `series` what it is grouped by (ring, function, …). */
  readonly points: readonly {
    readonly ts: number;
    readonly value: number;
    readonly series: string;
  }[];
}

/** Durations side by side, summarised. */
export interface Breakdown {
  readonly name: string;
  /** The question it answers. */
  readonly title: string;
  readonly unit: 'ns';
  /** Values of all rows, those left out included. */
  readonly count: number;
  /** The row with the longest value first. */
  readonly rows: readonly {
    readonly name: string;
    readonly parts: readonly {
      /** Empty where there is but one. */
      readonly name: string;
      readonly count: number;
      readonly quantiles: readonly { readonly q: number; readonly value: number }[];
      /** An even sample of the values, ascending. */
      readonly sample: readonly number[];
    }[];
  }[];
  readonly rowsOmitted: number;
}

/** How long range faults took for how many attempts; all of few, an even sample of many. */
export interface AttemptsFigure {
  readonly title: string;
  readonly count: number;
  readonly points: readonly {
    readonly attempts: number;
    readonly ns: number;
    readonly outcome: string;
  }[];
}

/** Page faults of devices, counted in bins of time. */
export interface FaultsOverTime {
  readonly title: string;
  readonly count: number;
  /** Clock units. */
  readonly binWidth: number;
  /** `from` relative ns; bins without faults are left out. */
  readonly bins: readonly {
    readonly from: number;
    readonly outcome: 'served' | 'refused' | 'outcome not recorded';
    readonly count: number;
  }[];
  /** When processes that use devices died, relative ns. */
  readonly exits: readonly { readonly ts: number; readonly label: string }[];
  readonly exitsOmitted: number;
}

/** Figures besides those of single durations. */
export interface SummaryFigures {
  readonly breakdowns: readonly Breakdown[];
  /** null = no range fault, or a clock without unit. */
  readonly attempts: AttemptsFigure | null;
  /** null = no page fault of a device. */
  readonly faultsOverTime: FaultsOverTime | null;
  readonly notDrawn: readonly FigureNotDrawn[];
}

/** A question that this capture has no answer to. */
export interface FigureNotDrawn {
  readonly title: string;
  readonly reason: string;
}

/** Records of the kernel log of one kind and one device, in one boot. */
export interface LogGroup {
  readonly boot: number;
  /** Who writes them: amdgpu, xe, vt-d, hung-task, … */
  readonly source: string;
  /** What happened: gpu-page-fault, ring-timeout, gpu-reset, iommu-fault, … */
  readonly class: string;
  readonly device: string | null;
  readonly count: number;
  /** How many of them follow from a reset or kill. */
  readonly consequences: number;
  /** Of how many only the first line is in the log. */
  readonly bodyMissing: number;
  /** Messages that rate limiting left out, at least. */
  readonly hiddenAtLeast: number;
  /** Highest of the running numbers they print. */
  readonly running: number;
  /** Relative ns. */
  readonly first: number;
  readonly last: number;
  /** The event of the first line. */
  readonly event: number;
  /** First line of the first of them. */
  readonly line: string;
  /** Of each a few, in the order they were seen. */
  readonly processes: readonly string[];
  readonly engines: readonly string[];
  /** Reasons and fault types in words, or the functions named. */
  readonly meanings: readonly string[];
  readonly hints: readonly string[];
  readonly accesses: readonly { readonly access: string; readonly count: number }[];
  /** null where they name no address. */
  readonly pages: LogPages | null;
}

/** Distinct pages of 4 KiB and the contiguous ranges they make up; `to` is exclusive. */
export interface LogPages {
  readonly distinct: number;
  readonly ranges: readonly {
    readonly from: string;
    readonly to: string;
    readonly pages: number;
  }[];
  readonly rangesOmitted: number;
}

export interface Result {
  readonly schema: 'svm-trace-result';
  readonly version: typeof RESULT_VERSION;
  readonly tool: { readonly name: 'svm-trace'; readonly version: string };
  readonly capture: ResultCapture;
  readonly losses: readonly ResultLoss[];
  readonly problems: readonly ResultProblem[];
  readonly findings: readonly Finding[];
  /** Every finding is in exactly one; the worst first. Those of tool-blind are in none. */
  readonly incidents: readonly Incident[];
  readonly detectors: readonly DetectorRun[];
  /** What the kernel log says, in the order it began. */
  readonly kernelLog: readonly LogGroup[];
  readonly worst: Severity | null;
  readonly timeline: readonly TimelineLane[];
  /** Lanes left out of `timeline` because there are too many. */
  readonly timelineLanesOmitted: number;
  readonly lifetimes: DrawnLifetimes;
  /** How many objects of each kind were seen; kinds without any are left out. */
  readonly objectCounts: readonly ObjectCount[];
  readonly objects: readonly ObjectTable[];
  readonly distributions: readonly Distribution[];
  readonly figures: SummaryFigures;
}

/** What pages show beside the findings; long, and not needed for a verdict nor told in words. */
export type Figures = Pick<
  Result,
  'timeline' | 'timelineLanesOmitted' | 'lifetimes' | 'objects' | 'distributions' | 'figures'
>;

export const NO_FIGURES: Figures = {
  timeline: [],
  timelineLanesOmitted: 0,
  lifetimes: { moments: {}, objects: [], events: [] },
  objects: [],
  distributions: [],
  figures: { breakdowns: [], attempts: null, faultsOverTime: null, notDrawn: [] },
};
