/**
 * Names in a capture are hostile: a task may call itself `<script>`, or hide text behind bidi
 * overrides and terminal escapes. Markup is taken care of by preact's text nodes; what cannot be
 * seen is made visible here, once, for every string of the Result.
 */
import type { EvidenceLine, Finding, FindingChain } from '../analyzers/finding.ts';
import { NO_FIGURES, type Result } from '../analyzers/result.ts';
import { count } from './units.ts';

/** Control, format (bidi, zero width), surrogate, private and unassigned characters, line separators. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** Longer than any path or mangled name one would read. */
const LONG_WORD = /[^\s]{257,}/g;
const KEPT = 40;
/** Of a text of any words. */
const LONGEST = 4_000;

export function visible(text: string): string {
  return text.replace(INVISIBLE, escapeCharacter);
}

/** As `visible`, but keeps the line breaks of an event that prints several lines (kernel stacks). */
export function visibleLines(text: string): string {
  return text.trimEnd().split('\n').map(visibleTabbed).join('\n');
}

export function visibleResult(result: Result): Result {
  const { findings, lifetimes, ...rest } = result;
  return {
    ...(visibleDeep(rest) as typeof rest),
    findings: findings.map(visibleFinding),
    lifetimes: { ...lifetimes, events: lifetimes.events.map(visibleEvidence) },
  };
}

/** Of a Result all that is told in words: the rest is long, and would be gone through for nothing. */
export function visibleWords(result: Result): Result {
  return visibleResult({ ...result, ...NO_FIGURES });
}

function visibleFinding(finding: Finding): Finding {
  const { chain, evidence, ...rest } = finding;
  return {
    ...(visibleDeep(rest) as typeof rest),
    evidence: evidence.map(visibleEvidence),
    ...(chain === undefined ? {} : { chain: visibleChain(chain) }),
  };
}

export function visibleChain(chain: FindingChain): FindingChain {
  const { hops, ...rest } = chain;
  return {
    ...(visibleDeep(rest) as typeof rest),
    hops: hops.map(({ evidence, ...hop }) => ({
      ...(visibleDeep(hop) as typeof hop),
      evidence: evidence.map(visibleEvidence),
    })),
  };
}

function visibleEvidence(line: EvidenceLine): EvidenceLine {
  return { ...(visibleDeep(line) as EvidenceLine), text: visibleLines(line.text) };
}

function visibleTabbed(line: string): string {
  return line.split('\t').map(visible).join('\t');
}

/** Every string of plain data. */
export function visibleData<T>(data: T): T {
  return visibleDeep(data) as T;
}

/** A name without end would hide everything else: of what is too long for any, both ends and its length. */
function shortened(text: string): string {
  const words = text.replace(LONG_WORD, ends);
  return words.length > LONGEST ? ends(words) : words;
}

function ends(text: string): string {
  const kept = text.length > LONGEST ? LONGEST / 2 : KEPT;
  return `${text.slice(0, kept)}…(${count(text.length)} characters)…${text.slice(-kept)}`;
}

function visibleDeep(value: unknown): unknown {
  if (typeof value === 'string') return shortened(visible(value));
  if (Array.isArray(value)) return value.map(visibleDeep);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [visible(key), visibleDeep(entry)]),
  );
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code > 0xffff) return `\\u{${code.toString(16)}}`;
  return `\\u${code.toString(16).padStart(4, '0')}`;
}
