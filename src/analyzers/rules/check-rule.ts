/** Rules are written by hand, and in JavaScript nobody checks them: what is wrong is said by name. */
import { TraceError } from '../../errors.ts';
import { givenKinds } from '../../kernel/catalogue.ts';
import { SEVERITY_RANK } from '../complete-findings.ts';
import type { Detector, DetectorMeta, Need, View } from '../detector.ts';
import type { FindingDraft } from '../finding.ts';

const CONFIDENCES: readonly unknown[] = ['suspect', 'likely', 'proven'];

/** @throws TraceError when it is no detector. */
export function checkedRule(found: unknown, path: string, number: string): Detector {
  const fail = (why: string): never => {
    throw new TraceError(`${path}: ${why}`, { hint: 'docs/rules.md shows a rule' });
  };
  if (!isRecord(found) || !isRecord(found.meta)) return fail('a rule is an object with meta');
  if (typeof found.detect !== 'function') return fail('a rule has a function detect(view)');
  const meta = checkedMeta(found.meta, number, fail);
  const rule = found as unknown as Detector;
  return {
    meta,
    ...(rule.cannotDecide && { cannotDecide: (view: View) => rule.cannotDecide?.(view) }),
    *detect(view) {
      for (const draft of rule.detect(view)) yield checkedDraft(draft);
    },
  };
}

function checkedMeta(
  given: Record<string, unknown>,
  number: string,
  fail: (why: string) => never,
): DetectorMeta {
  const { id, title, severity = 'warn' } = given;
  if (typeof id !== 'string' || !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(id)) {
    return fail('meta.id must be small letters, digits and dashes');
  }
  if (typeof severity !== 'string' || !Object.hasOwn(SEVERITY_RANK, severity)) {
    return fail(`meta.severity must be one of ${Object.keys(SEVERITY_RANK).join(', ')}`);
  }
  const meta = {
    description: '',
    needs: [],
    uses: [],
    traps: [],
    references: [],
    ...given,
    number,
    severity,
    title: typeof title === 'string' ? title : id,
  } as unknown as DetectorMeta;
  for (const need of [...meta.needs, ...meta.uses]) checkNeed(need, fail);
  return meta;
}

function checkNeed(need: Need, fail: (why: string) => never): void {
  if (!Array.isArray(need.oneOf) || !Array.isArray(need.enable)) {
    fail('a need has a list oneOf of what is needed and a list enable of what would record it');
  }
  const unknown = need.oneOf.find((kind) => !givenKinds.has(kind));
  if (unknown !== undefined) {
    fail(`there is no occurrence ${unknown}; there are ${[...givenKinds].sort().join(', ')}`);
  }
}

/** @throws Error which is the outcome of the rule. */
function checkedDraft(draft: unknown): FindingDraft {
  if (!isRecord(draft)) throw new Error('a finding is an object');
  const { severity, confidence, summary, from, to, evidence } = draft;
  if (!Object.hasOwn(SEVERITY_RANK, String(severity))) throw new Error(`severity ${severity}?`);
  if (!CONFIDENCES.includes(confidence)) throw new Error(`confidence ${confidence}?`);
  if (typeof summary !== 'string' || summary === '') throw new Error('a finding has a summary');
  if (!Number.isFinite(from) || !Number.isFinite(to)) {
    throw new Error(`from and to of a finding are relative ns: ${summary}`);
  }
  if (!Array.isArray(evidence) || !evidence.every((one) => Number.isInteger(one))) {
    throw new Error(`evidence of a finding is a list of event ids: ${summary}`);
  }
  return {
    objects: [],
    details: [],
    next: [],
    identity: [],
    key: {},
    ...draft,
  } as unknown as FindingDraft;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
