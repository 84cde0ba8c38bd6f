import { payloadText } from '../text/payload-text.ts';
import { noteLoss } from './journal-record.ts';
import { type LineForm, LineHead } from './line-head.ts';
import {
  bootIdOf,
  isBlank,
  isBootMark,
  isFold,
  isHeading,
  isPrompt,
  isStatus,
} from './line-marks.ts';
import type { LogNotes, LogRecord } from './log-record.ts';
import type { LogStyle } from './log-style.ts';
import type { WallClock } from './wall-clock.ts';

/** The kernel keeps less than a page in one record. */
const MOST_CONTINUED = 100;
const MOST_CHARACTERS = 64 * 1024;
/** Nobody wraps shorter lines. */
const LEAST_WRAPPED = 60;
const MOST_WRAPPED = 130;

const DROPPED = /^\*\* (\d{1,15}) printk messages dropped \*\*\s*/;
const QUOTES = /^(?:\s{0,4}[>|│])*/;
/** What a line of a record in several lines begins with (drm/xe/xe_pagefault.c, print_pagefault). */
const FIELD = /^[A-Z]\w*(?: \w+)?:/;

/** /dev/kmsg: ` SUBSYSTEM=pci`, of the record before. */
const DICTIONARY = /^ [A-Z_]{1,32}=/;
const ESCAPE = '\\x';
/** As a field of such a record; the kernel sets in some records of one line by blanks. */
const SET_IN = /^(?:\t| {4,}(?=[A-Z]\w*(?: \w+)?:))/;

/** Joins the lines of a log in text form to records. */
export class TextRecords {
  readonly #head: LineHead;
  readonly #style: LogStyle;
  readonly #notes: LogNotes;
  /** Ahead of the text of the line a record begins with: its quoting and indentation. */
  #lead = '';
  /** Where its text begins: journalctl and dmesg put the lines that follow under it. */
  #indent = 0;
  /** Characters of the line before. */
  #width = 0;
  #continued = 0;
  #isOpen = false;

  constructor(style: LogStyle, notes: LogNotes, clock: WallClock) {
    this.#style = style;
    this.#notes = notes;
    this.#head = new LineHead(style, clock);
  }

  *read(lines: Iterable<string>): Generator<LogRecord, void, undefined> {
    let pending: LogRecord | undefined;
    for (const whole of lines) {
      const [gap, dropped] = whole.startsWith('** ') ? (DROPPED.exec(whole) ?? []) : [];
      const line = gap === undefined ? whole : whole.slice(gap.length);
      const kind = this.#kindOf(line);
      if (kind === 'rest' && dropped === undefined) {
        this.#rest(line, pending);
        continue;
      }
      if (pending) yield pending;
      if (dropped !== undefined) this.#dropped(dropped);
      pending = this.#start(line, kind);
    }
    if (pending) yield pending;
  }

  #kindOf(line: string): LineForm | 'mark' {
    const form = this.#head.scan(line);
    if (form !== 'rest') return form;
    if (this.#isBare(line)) return 'record';
    return isBootMark(line) ? 'mark' : 'rest';
  }

  /** Nothing more belongs to the record before. */
  #start(line: string, kind: LineForm | 'mark'): LogRecord | undefined {
    if (kind === 'record') return this.#begin(line);
    if (kind === 'foreign') this.#foreign(line);
    else if (kind === 'mark') this.#boot(line);
    return undefined;
  }

  /** In a log without any prefix each line is a record, but for those that are set in. */
  #isBare(line: string): boolean {
    if (!this.#style.isBare || isBlank(line) || isFold(line) || isBootMark(line)) return false;
    if (SET_IN.test(line) || isHeading(line)) return false;
    this.#head.takeBare();
    return true;
  }

  #begin(line: string): LogRecord {
    const head = this.#head;
    this.#open(line);
    const text = line.slice(head.start);
    const msg = head.prefix === '/dev/kmsg' ? unescaped(text) : text;
    const [, dropped] = msg.startsWith('** ') ? (DROPPED.exec(msg) ?? []) : [];
    if (dropped !== undefined) this.#dropped(dropped);
    const { kernel, wall, level, caller, host, prefix } = head;
    return { kernel, wall, level, caller, host, boot: undefined, prefix, msg };
  }

  #foreign(line: string): void {
    this.#open(line);
    this.#notes.foreign();
    const at = line.indexOf('systemd-journald');
    if (at >= 0) noteLoss(line.slice(line.indexOf(': ', at) + 2), this.#notes);
  }

  /** The console was too slow; it says so without a prefix (printk.c, console_emit_next_record). */
  #dropped(records: string): void {
    this.#isOpen = false;
    this.#notes.lost(Number(records));
  }

  #boot(line: string): void {
    this.#isOpen = false;
    this.#notes.boot(bootIdOf(line));
  }

  #open(line: string): void {
    const { lead, start } = this.#head;
    this.#lead = lead === 0 ? '' : line.slice(0, lead);
    this.#indent = start - lead;
    this.#width = line.length;
    this.#continued = 0;
    this.#isOpen = true;
  }

  /** A line without a prefix. */
  #rest(line: string, pending: LogRecord | undefined): void {
    const notes = this.#notes;
    if (isFold(line)) notes.folded();
    else if (isBlank(line) || isHeading(line)) notes.skipped();
    else if (isStatus(line)) notes.foreign();
    else if (pending?.prefix === '/dev/kmsg' && DICTIONARY.test(line)) {
      notes.skipped();
      return;
    } else if (this.#goesOn(line)) {
      if (pending) this.#continue(pending, line);
      return;
    } else notes.unknown(line);
    this.#isOpen = false;
  }

  #goesOn(line: string): boolean {
    if (!this.#isOpen || this.#continued >= MOST_CONTINUED) return false;
    if (line.length > MOST_CHARACTERS || isStatus(line) || isPrompt(line)) return false;
    return quotesOf(line) === quotesOf(this.#lead);
  }

  #continue(pending: LogRecord, line: string): void {
    const text = this.#withoutIndent(line);
    pending.msg += (this.#isWrapped(text) ? ' ' : '\n') + text;
    this.#width = line.length;
    this.#continued++;
    this.#notes.continued();
  }

  #withoutIndent(line: string): string {
    const inner = line.startsWith(this.#lead)
      ? line.slice(this.#lead.length)
      : line.replace(QUOTES, '');
    const blanks = inner.length - inner.trimStart().length;
    const under = inner.slice(0, this.#indent);
    return blanks >= this.#indent && under.trim() === '' ? inner.slice(this.#indent) : inner;
  }

  /** Mail programs break a line where the next word would not fit any more. */
  #isWrapped(text: string): boolean {
    const { widest } = this.#style;
    if (widest > MOST_WRAPPED || this.#width < LEAST_WRAPPED) return false;
    if (/^\s/.test(text) || FIELD.test(text)) return false;
    const word = text.search(/\s|$/);
    return this.#width + 1 + word > widest;
  }
}

/** /dev/kmsg escapes what is no printable ASCII (kernel/printk/printk.c, msg_print_ext_body). */
function unescaped(text: string): string {
  if (!text.includes(ESCAPE)) return text;
  return text.replace(/(?:\\x[0-9a-f]{2})+/g, (escapes) => {
    const bytes = Buffer.from(escapes.replaceAll(ESCAPE, ''), 'hex');
    return payloadText(bytes, 0, bytes.length);
  });
}

function quotesOf(text: string): string {
  return (QUOTES.exec(text)?.[0] ?? '').replace(/\s/g, '');
}
