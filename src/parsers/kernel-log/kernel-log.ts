import type { Parser } from '../parser.ts';
import { looksLikeTask } from '../text/head-lines.ts';
import { layoutOf } from './first-look.ts';
import { LineHead, NO_RULES } from './line-head.ts';
import { isBlank } from './line-marks.ts';
import { openLog } from './log-capture.ts';
import { withoutColour } from './log-lines.ts';
import { WallClock } from './wall-clock.ts';

const MOST_CHARACTERS = 500;
/** How the text of the tracing tools begins. */
const TRACE = /^(?:# tracer: |cpus=\d+$|# (?:captured on|perf version|hostname|cmdline) ?: )/m;
/** `[    0.000000]`; the log of Xorg has milliseconds. */
const MICROSECONDS = /\[\s*\+?\d{1,10}[.,]\d{6}(?:\s*<[^>]*>)?\]/;
/** What only the kernel writes at the start of a line. */
const KERNEL_TEXT = new RegExp(
  [
    'Linux version \\d',
    'Command line: ',
    '\\[drm',
    '(?:DMAR|AMD-Vi|NVRM|PM|ACPI|pci|iommu|nouveau|amdgpu|amdkfd|kfd|i915|xe|x86/\\w+): ',
    // a driver and its device on the PCI bus
    '[\\w-]+ [0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]: ',
    'INFO: task ',
    '(?:BUG|WARNING): ',
    'Call Trace:',
    'RIP: 00',
    'oom-kill:',
    'Out of memory: ',
    'oom_reaper: ',
    'Modules linked in:',
    // a return address
    '\\s*(?:\\? )?[\\w.]+\\+0x[0-9a-f]+/0x[0-9a-f]+',
  ]
    .map((pattern) => `^(?:${pattern})`)
    .join('|'),
);

/** dmesg, journalctl -k, kern.log. */
export const kernelLog: Parser = {
  meta: { id: 'kernel-log', title: 'kernel log (dmesg, journalctl -k)' },
  sniff(head) {
    const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
    const text = withoutColour(bytes.toString('utf8'));
    const lines = text.split(/\r?\n/);
    if (layoutOf(lines) !== 'lines') return looksLikeJournal(text);
    return !TRACE.test(text) && !bytes.includes(0) && looksLikeLog(lines);
  },
  open: openLog,
};

/** JSON and lines of `NAME=value` are written by others, too. */
function looksLikeJournal(text: string): boolean {
  return (
    /\b(?:__REALTIME_TIMESTAMP|__CURSOR|_TRANSPORT|SYSLOG_IDENTIFIER|MESSAGE)\b/.test(text) ||
    /^\s*\{\s*"dmesg"/.test(text)
  );
}

function looksLikeLog(lines: readonly string[]): boolean {
  const head = new LineHead(NO_RULES, new WallClock());
  const seen = { sure: 0, unsure: 0, event: 0, bare: 0, other: 0 };
  for (const line of lines) {
    if (!isBlank(line)) seen[kindOf(line.slice(0, MOST_CHARACTERS), head)]++;
  }
  if (seen.sure > 0) return seen.sure + seen.unsure > seen.event;
  if (seen.unsure > 0 || seen.event > 0 || seen.bare === 0) return false;
  return /^Linux version \d/.test(lines[0] ?? '') || seen.bare * 3 >= seen.other;
}

/** A line with a prefix, of the kernel or maybe not; one of a trace; one that may lack its prefix. */
function kindOf(line: string, head: LineHead): 'sure' | 'unsure' | 'event' | 'bare' | 'other' {
  if (head.scan(line) !== 'rest') return isSure(line, head) ? 'sure' : 'unsure';
  if (isEvent(line)) return 'event';
  return KERNEL_TEXT.test(line) ? 'bare' : 'other';
}

/** Other programs write times ahead of their lines, too. */
function isSure(
  line: string,
  { prefix, start, saysKernel, saysProgram, caller }: LineHead,
): boolean {
  if (saysKernel || saysProgram || caller !== '' || prefix === '/dev/kmsg') return true;
  if (prefix === 'dmesg -T' || MICROSECONDS.test(line)) return true;
  return KERNEL_TEXT.test(line.slice(start));
}

/** A line of a trace. */
function isEvent(line: string): boolean {
  const bytes = Buffer.from(line);
  return looksLikeTask(bytes, 0, bytes.length);
}
