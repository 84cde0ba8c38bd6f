import type { TextSource } from '../text/text-source.ts';
import { LineHead, NO_RULES } from './line-head.ts';
import { isQuotedPrintable, logLines } from './log-lines.ts';
import { WallClock } from './wall-clock.ts';

const CHUNK_BYTES = 1024 * 1024;
/** Who turned the log round turned all of it. */
const LEAST_STEPS = 2;

const BOOT = /^-- (?:Boot ([0-9a-f]{32})|Reboot) --/;
const FOLD =
  /^[\s>|]*(?:\.{3,}|…+|\[(?:\.{2,}|…|snip(?:ped)?)\]|<snip(?:ped)?>|-+ ?(?:snip|8<) ?-+)\s*$/i;
const BLANK = /^[\s>|]*$/;

/** What the first megabyte of a log shows of how to read all of it. */
export interface LogStyle {
  readonly identifies: boolean;
  readonly identifiesBracketed: boolean;
  readonly isQuotedPrintable: boolean;
  /** Characters of the longest line with a prefix. */
  readonly widest: number;
  /** No line has a prefix. */
  readonly isBare: boolean;
  readonly isNewestFirst: boolean;
}

/** journalctl, where another boot begins. */
export function isBootMark(line: string): boolean {
  return BOOT.test(line);
}

export function bootIdOf(line: string): string | undefined {
  return BOOT.exec(line)?.[1];
}

/** Somebody left lines out here. */
export function isFold(line: string): boolean {
  return FOLD.test(line);
}

export function isBlank(line: string): boolean {
  return BLANK.test(line);
}

/** Reads the start of a log. */
export function styleOf(source: TextSource): LogStyle {
  const lines = firstLines(source);
  const isEncoded = isQuotedPrintable(lines);
  const look = new FirstLook();
  for (const line of lines) look.see(line);
  return { ...look.style(), isQuotedPrintable: isEncoded };
}

function firstLines(source: TextSource): string[] {
  const lines: string[] = [];
  for (const line of logLines(source, { cut() {} })) {
    lines.push(line);
    if (source.consumed > CHUNK_BYTES) break;
  }
  return lines;
}

/** Counts what the lines have in common. */
class FirstLook {
  readonly #head = new LineHead(NO_RULES, new WallClock());
  #heads = 0;
  #bracketed = 0;
  #widest = 0;
  #kernels = 0;
  #bracketedKernels = 0;
  #bracketedPrograms = 0;
  readonly #steps = { up: 0, down: 0 };
  #kernel = Number.NaN;
  #wall = Number.NaN;

  see(line: string): void {
    const head = this.#head;
    if (head.scan(line) === 'rest') return;
    this.#heads++;
    if (line.length > this.#widest) this.#widest = line.length;
    if (head.isBracketed) {
      this.#bracketed++;
      if (head.saysKernel) this.#bracketedKernels++;
      if (head.saysProgram) this.#bracketedPrograms++;
    } else if (head.saysKernel) this.#kernels++;
    this.#step(head);
  }

  style(): Omit<LogStyle, 'isQuotedPrintable'> {
    const { up, down } = this.#steps;
    const named = this.#bracketedKernels + this.#bracketedPrograms;
    return {
      identifies: this.#kernels > 0,
      identifiesBracketed: this.#bracketedKernels > 0 && named * 2 >= this.#bracketed,
      widest: this.#widest,
      isBare: this.#heads === 0,
      isNewestFirst: down > up && down >= LEAST_STEPS,
    };
  }

  /** The kernel's time tells more than the wall clock, whose seconds are equal for many lines. */
  #step({ kernel, wall }: LineHead): void {
    const change = Number.isNaN(kernel - this.#kernel) ? wall - this.#wall : kernel - this.#kernel;
    if (change > 0) this.#steps.up++;
    else if (change < 0) this.#steps.down++;
    this.#kernel = kernel;
    this.#wall = wall;
  }
}
