import { payloadText } from '../text/payload-text.ts';
import type { TextSource } from '../text/text-source.ts';
import { readEntries } from './journal-entries.ts';
import { jsonOf } from './journal-json.ts';
import { isVerboseHead } from './journal-verbose.ts';
import { LineHead, NO_RULES } from './line-head.ts';
import { byteCharacters, type Decode, isQuotedPrintable, logLines } from './log-lines.ts';
import { SILENT } from './log-record.ts';
import type { Layout, LogStyle } from './log-style.ts';
import { WallClock } from './wall-clock.ts';

const CHUNK_BYTES = 1024 * 1024;
/** Who turned the log round turned all of it. */
const LEAST_STEPS = 2;

/** A host's name is no longer (hostname(7)). */
const MOST_HOST = 255;
const MOST_WORDS = 1000;

/** journalctl -o json, json-pretty, json-seq and json-sse, dmesg --json. */
const JSON_START = /^\{(?:$|\s*")/;
const EXPORT_START = /^__(?:CURSOR|REALTIME_TIMESTAMP)=/;

/** Reads the start of a log. */
export function styleOf(source: TextSource): LogStyle {
  const plain = firstLines(source);
  const layout = layoutOf(plain);
  const lines = layout === 'export' ? firstLines(source, byteCharacters) : plain;
  const look = new FirstLook();
  if (layout === 'lines') for (const line of lines) look.see(line);
  else for (const record of readEntries(layout, lines, SILENT)) look.step(record);
  return {
    layout,
    ...look.style(),
    isQuotedPrintable: layout === 'lines' && isQuotedPrintable(lines),
  };
}

/** By the first line that is not empty. */
export function layoutOf(lines: readonly string[]): Layout {
  const first = lines.find((line) => line.trim() !== '') ?? '';
  if (JSON_START.test(jsonOf(first))) return 'json';
  if (EXPORT_START.test(first)) return 'export';
  return isVerboseHead(lines.find((line) => /^[^-\s]/.test(line)) ?? '') ? 'verbose' : 'lines';
}

function firstLines(source: TextSource, decode: Decode = payloadText): string[] {
  const lines: string[] = [];
  for (const line of logLines(source, { cut() {} }, decode)) {
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
  /** How often a line begins with a word, and the most of them. */
  readonly #words = new Map<string, number>();
  #most = 0;
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
    } else this.#unbracketed(line, head);
    this.step(head);
  }

  /** A host is named in most lines, whoever speaks. */
  #unbracketed(line: string, { saysKernel, senderStart }: LineHead): void {
    if (saysKernel) this.#kernels++;
    const [word = ''] = line
      .slice(senderStart, senderStart + MOST_HOST)
      .trimStart()
      .split(/\s/, 1);
    const count = (this.#words.get(word) ?? 0) + 1;
    this.#most = Math.max(this.#most, count);
    if (count > 1 || this.#words.size < MOST_WORDS) this.#words.set(word, count);
  }

  style(): Omit<LogStyle, 'layout' | 'isQuotedPrintable'> {
    const { up, down } = this.#steps;
    const named = this.#bracketedKernels + this.#bracketedPrograms;
    return {
      identifies: this.#kernels > 0 && this.#most * 2 >= this.#heads - this.#bracketed,
      identifiesBracketed: this.#bracketedKernels > 0 && named * 2 >= this.#bracketed,
      widest: this.#widest,
      isBare: this.#heads === 0,
      isNewestFirst: down > up && down >= LEAST_STEPS,
    };
  }

  /** The wall clock goes on from boot to boot, but its seconds are equal for many lines. */
  step({ kernel, wall }: { readonly kernel: number; readonly wall: number }): void {
    const passed = wall - this.#wall;
    const change = Number.isNaN(passed) || passed === 0 ? kernel - this.#kernel : passed;
    if (change > 0) this.#steps.up++;
    else if (change < 0) this.#steps.down++;
    this.#kernel = kernel;
    this.#wall = wall;
  }
}
