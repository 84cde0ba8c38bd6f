/** What the project promises about itself: everything registered, documented, tested, and in its layer. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { detectors } from '../src/analyzers/detectors/index.ts';
import { lifetimes } from '../src/analyzers/lifetimes/index.ts';
import { subsystems } from '../src/kernel/catalogue.ts';
import { ROOT } from './cli.ts';

const SRC = join(ROOT, 'src');
const MAX_LINES = 400;
const MAX_DETECTOR_LINES = 300;

const sources = filesBelow(SRC).filter((file) => /\.tsx?$/.test(file));
const modules = sources.filter((file) => !/\.test\.tsx?$/.test(file));

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function idsOf(folder: string, isOne: (text: string) => boolean): string[] {
  return modules
    .filter((file) => dirname(file) === join(SRC, folder) && isOne(readFileSync(file, 'utf8')))
    .map((file) => basename(file, '.ts'))
    .sort();
}

const hasTest = (folder: string, id: string): boolean =>
  existsSync(join(SRC, folder, `${id}.test.ts`));

describe('detectors', () => {
  const ids = idsOf('analyzers/detectors', (text) => /^export const \w+: Detector = /m.test(text));
  const page = readFileSync(join(ROOT, 'docs/detectors.md'), 'utf8');

  it('every file is registered under its own name', () => {
    expect(detectors.map(({ meta }) => meta.id).sort()).toEqual(ids);
  });

  it.each(ids)('%s is tested and documented', (id) => {
    expect(hasTest('analyzers/detectors', id)).toBe(true);
    expect(page).toContain(id);
  });

  it.each(detectors.map((detector) => [detector.meta.id, detector] as const))(
    '%s says what it needs, where it can be wrong and where that comes from',
    (_, { meta }) => {
      expect(meta.title).not.toBe('');
      expect(meta.description.length).toBeGreaterThan(40);
      expect(meta.references.length).toBeGreaterThan(0);
      expect(meta.traps.length).toBeGreaterThan(0);
      for (const need of [...meta.needs, ...meta.uses]) {
        expect(need.oneOf.length).toBeGreaterThan(0);
        expect(need.enable.length).toBeGreaterThan(0);
      }
    },
  );

  const rules = modules
    .filter((file) => file.startsWith(join(SRC, 'analyzers/detectors/')))
    // words and units, no verdicts
    .filter((file) => basename(file) !== 'wording.ts');

  it.each(rules.map((file) => [relative(ROOT, file), file]))(
    '%s decides by thresholds, or says why a number is none',
    (_, file) => {
      const text = readFileSync(file, 'utf8');
      // 0 and 1 are "any" and "one"; how many examples are shown decides nothing
      const compared = [...text.matchAll(/(?<!<)[<>]=? (?:[2-9]|\d[\d_.e]).*/g)].map(
        ([line]) => line,
      );
      const constants = text.matchAll(
        /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?^(?:export )?const ([A-Z]\w*)(?:: \w+)? = \d/gm,
      );
      const named = [...constants]
        .filter(([, comment = '']) => !comment.includes('No threshold:'))
        .map(([, , name = '']) => name)
        .filter((name) => !/^(FINDINGS|EVIDENCE)|_SHOWN$/.test(name));
      expect([...compared, ...named]).toEqual([]);
    },
  );

  it.each(rules.map((file) => [relative(ROOT, file), file]))(
    '%s asks for its thresholds',
    (_, file) => {
      const names = readFileSync(file, 'utf8').matchAll(/^(?:export )?const (\w+): Threshold = /gm);
      const texts = rules.map((rule) => readFileSync(rule, 'utf8')).join('\n');
      // a pattern that each detector copies is not asked for itself
      const unused = [...names]
        .map(([, name = '']) => name)
        .filter((name) => !texts.includes(`limit(${name})`) && !texts.includes(`{ ...${name} }`));
      expect(unused).toEqual([]);
    },
  );

  it.each(rules.map((file) => [relative(ROOT, file), file]))(
    '%s can be configured: the thresholds of its own stand in its meta',
    (_, file) => {
      const text = readFileSync(file, 'utf8');
      const listed = /^ {4}thresholds: \[([^\]]*)\]/m.exec(text)?.[1];
      const own = [...text.matchAll(/^const (\w+): Threshold = /gm)].map(([, name = '']) => name);
      expect(own.filter((name) => listed !== undefined && !listed.includes(name))).toEqual([]);
    },
  );

  it('a threshold belongs to one detector, which says what it is', () => {
    const all = detectors.flatMap(({ meta }) => meta.thresholds ?? []);
    expect(new Set(all).size).toBe(all.length);
    for (const { meta } of detectors) {
      const names = (meta.thresholds ?? []).map(({ name }) => name);
      expect(new Set(names).size, meta.id).toBe(names.length);
    }
    expect(all.filter(({ doc }) => !doc.endsWith('.'))).toEqual([]);
  });

  it('numbers are given once', () => {
    const numbers = detectors.map(({ meta }) => meta.number);
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});

describe('lifetimes', () => {
  const ids = idsOf('analyzers/lifetimes', (text) => /^export const \w+: Lifetime = /m.test(text));
  const page = readFileSync(join(ROOT, 'docs/tables.md'), 'utf8');

  it('every file is registered under its own name', () => {
    expect(lifetimes.map(({ kind }) => kind).sort()).toEqual(ids);
  });

  it.each(ids)('%s is tested', (id) => {
    expect(hasTest('analyzers/lifetimes', id)).toBe(true);
  });

  it.each(lifetimes.flatMap(({ tables }) => tables.map((table) => [table.name, table] as const)))(
    'table %s and its columns are documented',
    (name, table) => {
      expect(page).toContain(name);
      expect(table.doc).not.toBe('');
      for (const column of table.columns) expect(column.doc, column.name).not.toBe('');
    },
  );
});

it('every subsystem of the kernel catalogue is registered', () => {
  const files = idsOf('kernel', (text) => /^export const \w+: Subsystem = /m.test(text));
  expect(subsystems.map(({ name }) => name).sort()).toEqual(files);
});

describe('files', () => {
  const sizes = modules.map((file): [string, number] => [
    relative(ROOT, file),
    readFileSync(file, 'utf8').split('\n').length,
  ]);

  it(`no module is longer than ${MAX_LINES} lines, no detector than ${MAX_DETECTOR_LINES}`, () => {
    const long = sizes.filter(
      ([file, lines]) =>
        lines > (file.startsWith('src/analyzers/detectors/') ? MAX_DETECTOR_LINES : MAX_LINES),
    );
    expect(long).toEqual([]);
  });

  it('no test is muted or alone', () => {
    const tests = [...sources, ...filesBelow(join(ROOT, 'test'))].filter((file) =>
      /\.test\.tsx?$/.test(file),
    );
    // Spelt in two parts, so that this file is not its own finding.
    const muted = new RegExp(`\\b(it|test|describe)\\.(${['only', 'todo', 'fails'].join('|')})\\b`);
    expect(tests.filter((file) => muted.test(readFileSync(file, 'utf8')))).toEqual([]);
  });
});

describe('dependencies point one way', () => {
  /** What the modules of each folder may import, besides their own folder; the longest prefix counts. */
  const ALLOWED: Readonly<Record<string, readonly string[]>> = {
    'errors.ts': [],
    'version.ts': [],
    parsers: ['errors.ts'],
    kernel: ['errors.ts', 'parsers'],
    store: ['errors.ts', 'version.ts', 'parsers'],
    analyzers: ['errors.ts', 'version.ts', 'parsers', 'kernel', 'store'],
    'analyzers/lifetimes': ['analyzers', 'kernel', 'parsers/parser.ts', 'store/table.ts'],
    'analyzers/detectors': ['analyzers', 'kernel/occurrence.ts'],
    compare: ['errors.ts', 'version.ts', 'analyzers', 'store'],
    reports: ['errors.ts', 'version.ts', 'analyzers', 'compare'],
    commands: [
      'errors.ts',
      'version.ts',
      'parsers',
      'kernel',
      'store',
      'analyzers',
      'compare',
      'reports',
    ],
    'index.ts': [
      'errors.ts',
      'version.ts',
      'parsers',
      'kernel',
      'store',
      'analyzers',
      'compare',
      'reports',
    ],
    'cli.ts': ['errors.ts', 'version.ts', 'commands', 'reports'],
  };
  const layers = Object.keys(ALLOWED).sort((a, b) => b.length - a.length);
  const within = (file: string, folder: string): boolean =>
    file === folder || file.startsWith(`${folder}/`);

  it.each(modules.map((file) => relative(SRC, file)))('%s', (file) => {
    const layer = layers.find((folder) => within(file, folder));
    expect(layer, 'a new folder needs its place in this list').toBeDefined();
    const allowed = [layer ?? '', ...(ALLOWED[layer ?? ''] ?? [])];
    const wrong = importsOf(join(SRC, file)).filter(
      (target) => !allowed.some((folder) => within(target, folder)),
    );
    expect(wrong).toEqual([]);
  });
});

/** Modules of src a file imports, relative to src. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, target = '']) =>
    relative(SRC, resolve(dirname(file), target)),
  );
}
