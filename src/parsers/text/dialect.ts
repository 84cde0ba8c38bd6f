import type { Line } from './line.ts';

/** Writes down what the lines say of the recording itself. */
export interface Facts {
  /** `entries-in-buffer` of `entries-written`: the others were overwritten. */
  overwritten: number;
  cpus: number;
  uname: string | undefined;
  readonly facts: Record<string, string>;
  /** A line is of a task that no command starts: the idle task, or a worker of the kernel. */
  showsKernelTasks: boolean;
  /** By CPU: the task that ran before the first switch of tasks the text mentions. */
  readonly firstTasks: Map<number, Task>;
  /** Names of threads that no event's line names. */
  readonly comms: Map<number, string>;
}

export interface Task {
  readonly tid: number;
  readonly comm: string;
}

/** Events the recorder says it lost ahead of the next line. */
export interface LostEvents {
  readonly cpu: number;
  /** null when it does not say how many. */
  readonly events: number | null;
}

/** One kind of text. A scanner keeps what runs from line to line, so each pass makes a new one. */
export interface Scanner {
  /** Reads one line (without its line feed) and sets the form of `line`. */
  scan(bytes: Buffer, start: number, end: number, line: Line): void;
  /** For a line of the form `LOSS`. */
  lost(bytes: Buffer, start: number, end: number): LostEvents;
  /** Lines of function_graph without absolute times: they are put together from the durations. */
  readonly hasNoTime: boolean;
}

export interface Dialect {
  readonly format: string;
  readonly version: string;
  scanner(facts: Facts): Scanner;
  /**
   * Why nothing of the text can be used, and what would have helped; asked when no event was found.
   * @param sample the first lines that are no events
   */
  refusal(sample: readonly string[]): Refusal;
  /** What follows from all lines together. */
  conclude?(facts: Facts): void;
  /** Why the events that were found are of no use, where they are not. */
  useless?(systems: readonly string[]): Refusal | undefined;
}

export interface Refusal {
  /** Follows the file's name. */
  readonly message: string;
  readonly hint: string;
}
