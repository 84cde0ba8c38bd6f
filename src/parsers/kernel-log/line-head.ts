import { BRACKETED, DIGITS, type Prefix, type TimeFormat, WORDS } from './time-formats.ts';
import { fractionUs, type WallClock } from './wall-clock.ts';

/** What a line turned out to be: the start of a record of the kernel or of another program, or neither. */
export type LineForm = 'record' | 'foreign' | 'rest';

/** What of a whole log decides how one line is read. */
export interface HeadRules {
  /** Lines of the kernel say `kernel:`, so that those of other programs can be told from them. */
  readonly identifies: boolean;
  /** The same where the time is in brackets (journalctl -o short-monotonic). */
  readonly identifiesBracketed: boolean;
}

/** For the first look at a log: everything is tried. */
export const NO_RULES: HeadRules = { identifies: false, identifiesBracketed: true };

const MOST_PARTS = 4;
const MOST_SECOND_DIGITS = 10;
const MICROSECOND_DIGITS = 6;
/** A syslog priority is facility * 8 + level. */
export const LEVEL_MASK = 7;
const SPACE = 32;
const NO_BREAK_SPACE = 0xa0;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const LESS = 60;
const GREATER = 62;
const OPEN = 91;
const CLOSE = 93;
const BAR = 124;

/** Quotation marks of mail, frames and indentation. */
const LEAD = /(?:[>|│]|\s)*/y;
/** RFC 5424 has its version behind the priority. */
const LEVEL = /<(\d{1,3})>(?:1 (?=\d{4}-))?/y;
export const LEVELS: readonly string[] = [
  'emerg',
  'alert',
  'crit',
  'err',
  'warn',
  'notice',
  'info',
  'debug',
];
/** dmesg -x: `kern  :info  : `. */
const DECODED = /(?:kern|user|mail|daemon|auth|syslog|lpr|news|local\d) *: *([a-z]+) *: ?/y;
/** Seconds in fewer digits, with a comma, no-break spaces, or a delta: `[   12.34 <    0.01>]`. */
const SECONDS = /\[\s*(\d{1,10})[.,](\d{1,9})(?:\s*<[\s+]*\d+[.,]\d+>)?\]/y;
/** Copied from the second letter on. */
const UNOPENED = /(\d{1,6})\.(\d{6})\](?=\s)/y;
/** /dev/kmsg: `6,339,5140900,-;text` (Documentation/ABI/testing/dev-kmsg); netconsole may add a release. */
const KMSG = /(?:\d+\.\d[^,\s]{0,63},)?(\d{1,5}),\d+,(\d{1,15}),([^;]*);/y;
const KERNEL = /kernel(?:\[\d+\])?: ?/y;
/** `host kernel: `; in RFC 5424 `host kernel - - - `. */
const SENDER = /[ \t]+(?:(\S+)[ \t]+)?kernel(?:(?:\[\d+\])?:| - - (?:-|\[[^\]]*\])) ?/y;
/** A host, a program, its pid. */
const PROGRAM = /[ \t]+\S+[ \t]+[\w./@:()+-]+?(?:\[(\d+)\])?: /y;
const CALLER = / ?\[\s*([TC]\d{1,10})\]/y;

/**
 * Reads what stands ahead of the text of a line. One object serves all lines of a log; what it found
 * is in its properties until the next line.
 *
 *   > <4>Sep 10 09:37:08.123456 host kernel: [ 3404.107783][  T340] text
 *   | |  |                      |            |             |
 *   | |  wall clock             sender       kernel time   caller
 *   quoted, level
 */
export class LineHead {
  form: LineForm = 'rest';
  /** µs the kernel counted; NaN when the line does not tell. */
  kernel: number = Number.NaN;
  /** µs since 1970; NaN when the line does not tell. */
  wall: number = Number.NaN;
  /** 0 to 7; -1 when the line does not tell. */
  level = -1;
  /** `T340` or `C1`; empty when the line does not tell. */
  caller = '';
  prefix: Prefix = 'no time';
  host = '';
  saysKernel = false;
  /** A program and its pid are named. */
  saysProgram = false;
  /** Behind the time: where the host would be named. */
  senderStart = 0;
  /** Time or text in brackets leads. */
  isBracketed = false;
  /** Characters of quoting and indentation. */
  lead = 0;
  /** Where the text begins. */
  start = 0;
  readonly #clock: WallClock;
  readonly #rules: HeadRules;
  #text = '';
  #at = 0;

  constructor(rules: HeadRules, clock: WallClock) {
    this.#rules = rules;
    this.#clock = clock;
  }

  scan(text: string): LineForm {
    this.#reset(text);
    if (!this.#kernelSeconds()) {
      this.#skipLead();
      for (let parts = 0; parts < MOST_PARTS && this.#part(); parts++);
    }
    if (this.#at === this.lead) return this.form;
    this.form = 'record';
    this.senderStart = this.#at;
    const { identifies, identifiesBracketed } = this.#rules;
    if (!this.isBracketed || identifiesBracketed) {
      this.#sender(this.isBracketed ? identifiesBracketed : identifies);
    }
    this.#finish();
    return this.form;
  }

  #finish(): void {
    this.#caller();
    const gap = this.#text.charCodeAt(this.#at);
    if (this.#at > 0 && (gap === SPACE || gap === NO_BREAK_SPACE)) this.#at++;
    this.start = this.#at;
  }

  /** The line is a record without a prefix. */
  takeBare(): void {
    this.form = 'record';
    this.lead = 0;
    this.#at = 0;
    this.#finish();
  }

  #reset(text: string): void {
    this.#text = text;
    this.form = 'rest';
    this.kernel = Number.NaN;
    this.wall = Number.NaN;
    this.level = -1;
    this.caller = '';
    this.prefix = 'no time';
    this.host = '';
    this.saysKernel = false;
    this.saysProgram = false;
    this.isBracketed = false;
    this.lead = 0;
    this.start = 0;
    this.#at = 0;
  }

  #skipLead(): void {
    const code = this.#text.charCodeAt(0);
    if (code > LESS && code < BAR && code !== GREATER) return;
    LEAD.lastIndex = 0;
    LEAD.test(this.#text);
    this.lead = LEAD.lastIndex;
    this.#at = this.lead;
  }

  /** One part ahead of the text; false when there is no more. */
  #part(): boolean {
    const code = this.#text.charCodeAt(this.#at);
    if (code === OPEN) return this.#bracket();
    if (code === LESS) return this.#levelNumber();
    if (code === SPACE) return this.#at > this.lead && this.#spacedBracket();
    const hasTime = !Number.isNaN(this.wall) || !Number.isNaN(this.kernel);
    if (hasTime) return false;
    if (code >= ZERO && code <= NINE) {
      return this.#time(DIGITS) || this.#kmsg() || this.#oddSeconds(UNOPENED);
    }
    return this.#time(WORDS) || this.#decoded() || this.#kernelAlone();
  }

  #spacedBracket(): boolean {
    if (this.#text.charCodeAt(this.#at + 1) !== OPEN) return false;
    this.#at++;
    if (this.#bracket()) return true;
    this.#at--;
    return false;
  }

  #bracket(): boolean {
    if (this.#kernelSeconds() || this.#oddSeconds(SECONDS)) return true;
    if (!Number.isNaN(this.wall) || !this.#time(BRACKETED)) return false;
    this.isBracketed = true;
    return true;
  }

  /** `[   12.345678]`, by far the most frequent. */
  #kernelSeconds(): boolean {
    const text = this.#text;
    let at = this.#at;
    if (text.charCodeAt(at++) !== OPEN) return false;
    while (text.charCodeAt(at) === SPACE) at++;
    const seconds = at;
    let us = 0;
    let code = text.charCodeAt(at);
    for (; code >= ZERO && code <= NINE; code = text.charCodeAt(++at)) us = us * 10 + code - ZERO;
    if (code !== POINT || at === seconds || at - seconds > MOST_SECOND_DIGITS) return false;
    const point = at;
    code = text.charCodeAt(++at);
    for (; code >= ZERO && code <= NINE; code = text.charCodeAt(++at)) us = us * 10 + code - ZERO;
    if (code !== CLOSE || at - point !== MICROSECOND_DIGITS + 1) return false;
    this.#setKernel(us, at + 1);
    return true;
  }

  #oddSeconds(pattern: RegExp): boolean {
    const [, seconds, fraction] = this.#match(pattern) ?? [];
    if (seconds === undefined || fraction === undefined) return false;
    this.#setKernel(Number(seconds) * 1_000_000 + fractionUs(fraction), pattern.lastIndex);
    return true;
  }

  #setKernel(us: number, at: number): void {
    this.kernel = us;
    this.#at = at;
    if (!Number.isNaN(this.wall)) return;
    this.prefix = 'dmesg';
    this.isBracketed = true;
  }

  #time(formats: readonly TimeFormat[]): boolean {
    for (const { prefix, pattern, read } of formats) {
      const match = this.#match(pattern);
      const us = match ? read(match, this.#clock) : Number.NaN;
      if (Number.isNaN(us)) continue;
      this.wall = us;
      this.prefix = prefix;
      this.#at = pattern.lastIndex;
      return true;
    }
    return false;
  }

  #kmsg(): boolean {
    const [, priority, us, flags = ''] = this.#match(KMSG) ?? [];
    if (priority === undefined) return false;
    this.level = Number(priority) & LEVEL_MASK;
    this.kernel = Number(us);
    this.caller = /caller=([TC]\d{1,10})/.exec(flags)?.[1] ?? '';
    this.prefix = '/dev/kmsg';
    this.isBracketed = true;
    this.#at = KMSG.lastIndex;
    return true;
  }

  #levelNumber(): boolean {
    const [, priority] = this.#match(LEVEL) ?? [];
    if (priority === undefined) return false;
    this.level = Number(priority) & LEVEL_MASK;
    this.#at = LEVEL.lastIndex;
    return true;
  }

  #decoded(): boolean {
    const [, name = ''] = this.#match(DECODED) ?? [];
    const level = LEVELS.indexOf(name);
    if (level < 0) return false;
    this.level = level;
    this.#at = DECODED.lastIndex;
    return true;
  }

  #kernelAlone(): boolean {
    if (this.saysKernel || !this.#match(KERNEL)) return false;
    this.saysKernel = true;
    this.#at = KERNEL.lastIndex;
    return true;
  }

  /** `host kernel: `, which a level or a kernel time of its own may follow. */
  #sender(identifies: boolean): void {
    const sender = this.#match(SENDER);
    if (!sender) {
      this.#otherSender(identifies);
      return;
    }
    this.saysKernel = true;
    this.host = sender[1] ?? '';
    this.#at = SENDER.lastIndex;
    for (let parts = 0; parts < 2 && this.#isOpen() && this.#part(); parts++);
  }

  #otherSender(identifies: boolean): void {
    const hasKernelTime = !Number.isNaN(this.kernel);
    if (this.saysKernel || (hasKernelTime && !this.isBracketed)) return;
    const program = this.#match(PROGRAM);
    this.saysProgram = program?.[1] !== undefined;
    if (program && (identifies || (this.saysProgram && !this.isBracketed))) this.form = 'foreign';
    // much else looks like these times
    else if (this.prefix === 'time of day' || this.prefix === 'seconds since 1970') {
      this.form = 'rest';
    }
  }

  #isOpen(): boolean {
    const code = this.#text.charCodeAt(this.#at);
    return code === OPEN || code === LESS;
  }

  #caller(): void {
    const [, caller] = this.#match(CALLER) ?? [];
    if (caller === undefined) return;
    this.caller = caller;
    this.#at = CALLER.lastIndex;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text);
  }
}
