/**
 * Names in a capture are hostile: a task may call itself `<script>`, or hide text behind bidi
 * overrides and terminal escapes. Markup is taken care of by preact's text nodes; what cannot be
 * seen is made visible here, once, for every string of the Result.
 */
import type { EvidenceLine, Finding, FindingChain } from '../analyzers/finding.ts';
import type { Result } from '../analyzers/result.ts';

/** Control, format (bidi, zero width), surrogate, private and unassigned characters, line separators. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

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

function visibleDeep(value: unknown): unknown {
  if (typeof value === 'string') return visible(value);
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
