/** Reports of single captures that lie beside them: what an incident of a comparison links to. */
import { existsSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import type { Incident } from '../compare/comparison.ts';
import { visible } from '../reports/visible.ts';

interface Incidents {
  readonly findings: readonly Readonly<Record<'base' | 'new', SideOf>>[];
}

interface SideOf {
  readonly incident: Pick<Incident, 'path'> | null;
}

/**
 * By the path of a run as pages show it, the address of its report, relative to `page`: `run-1.html`
 * for `run-1.db` or `run-1.dat`.
 */
export function reportsBeside({ findings }: Incidents, page: string): Map<string, string> {
  const folder = dirname(resolve(page));
  const paths = findings.flatMap(({ base, new: next }) =>
    [base, next].flatMap(({ incident }) => incident?.path ?? []),
  );
  const found = new Map<string, string>();
  for (const path of paths) {
    const report = path.replace(/(\.report|\.ftrace|\.script)?\.\w+(\.(gz|xz|zst))?$/, '.html');
    if (report === path || !existsSync(report) || resolve(report) === resolve(page)) continue;
    const parts = relative(folder, resolve(report)).split(sep);
    found.set(visible(path), `./${parts.map(encodeURIComponent).join('/')}`);
  }
  return found;
}
