/** Detectors in files of the user's own: the contract is that of the built-in ones (detector.ts). */
import { extname, resolve } from 'node:path';
import { TraceError } from '../../errors.ts';
import type { Detector } from '../detector.ts';
import { detectors } from '../detectors/index.ts';
import { checkedRule } from './check-rule.ts';
import { scriptRules } from './script-rules.ts';
import { sqlRule } from './sql-rule.ts';

const SCRIPTS: readonly string[] = ['.js', '.mjs', '.ts', '.mts'];
const QUERIES: readonly string[] = ['.json', '.sql+json', '.sql'];

/**
 * Reads rules: modules whose exports are detectors, or queries with what they mean.
 * @throws TraceError when a file is no rule.
 */
export async function loadRules(paths: readonly string[]): Promise<readonly Detector[]> {
  const taken = new Set(detectors.map(({ meta }) => meta.id));
  const rules: Detector[] = [];
  for (const path of paths) {
    for (const found of await rulesIn(path)) {
      const rule = checkedRule(found, path, `U${rules.length + 1}`);
      if (taken.has(rule.meta.id)) {
        throw new TraceError(`${path}: there is a detector ${rule.meta.id} already`, {
          hint: 'give the rule an id of its own',
        });
      }
      taken.add(rule.meta.id);
      rules.push(rule);
    }
  }
  return rules;
}

/** All detectors with those of the user: the one that tells how the others ended stays last. */
export function withRules(rules: readonly Detector[]): readonly Detector[] {
  return [...detectors.slice(0, -1), ...rules, ...detectors.slice(-1)];
}

async function rulesIn(path: string): Promise<readonly unknown[]> {
  const kind = path.endsWith('.sql+json') ? '.sql+json' : extname(path);
  if (SCRIPTS.includes(kind)) return scriptRules(resolve(path), path);
  if (QUERIES.includes(kind)) return [sqlRule(path)];
  throw new TraceError(`${path} is no rule`, {
    hint: `a rule is a file ${[...SCRIPTS, ...QUERIES].join(', ')}: see docs/rules.md`,
  });
}
