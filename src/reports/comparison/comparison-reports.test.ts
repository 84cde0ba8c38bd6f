import type { Log } from 'sarif';
import { describe, expect, it } from 'vitest';
import { junitComplaints } from '../../../test/junit-structure.ts';
import { recordedBuild } from '../../../test/regression-runs.ts';
import { sarifComplaints } from '../../../test/sarif-schema.ts';
import { compareRuns } from '../../compare/compare.ts';
import type { Comparison, Side } from '../../compare/comparison.ts';
import { gate } from '../../compare/gate.ts';
import { renderJunit } from './junit.ts';
import { renderComparisonMarkdown } from './markdown.ts';
import { renderSarif } from './sarif.ts';
import { renderComparisonText } from './text.ts';
import { changeText, probabilityText } from './words.ts';

const HOSTILE = '<b>]]>|`x`\u001b[31m\u202e\n# head & "tail"';

/** The build with an error no other has, whose names are hostile. */
function failing({ label, runs }: Side): Side {
  return {
    label: `${label} ${HOSTILE}`,
    runs: runs.map((run, n) => ({
      ...run,
      path: `${HOSTILE}/${n}.dat`,
      findings: [
        {
          id: 'hmm-timeout-1',
          detector: 'hmm-timeout',
          severity: 'error',
          confidence: 'proven',
          summary: HOSTILE,
          identity: [HOSTILE],
        },
      ],
    })),
  };
}

const worse: Comparison = compareRuns(recordedBuild('la'), failing(recordedBuild('lb')), {
  pairs: 'none',
});
const verdict = gate(worse, 'regressed', false);

/** Comparisons with every verdict and every outcome of the gate. */
const CASES: readonly (readonly [string, Comparison])[] = [
  ['a failing build with hostile names', worse],
  ['a suspicion', compareRuns(recordedBuild('la'), recordedBuild('la2'))],
  ['another load', compareRuns(recordedBuild('k0'), recordedBuild('k1'))],
  ['an improvement', compareRuns(recordedBuild('lb'), recordedBuild('la'))],
  ['nothing to compare', compareRuns(recordedBuild('la'), { label: 'none', runs: [] })],
];

describe('JUnit', () => {
  const xml = renderJunit(worse, verdict);

  it.each(CASES)('of %s is what readers of it expect', (_, comparison) => {
    const report = renderJunit(comparison, gate(comparison, 'regressed', true));
    expect(junitComplaints(report)).toEqual([]);
  });

  it('has a case per figure and finding; what fails the build fails', () => {
    const cases = worse.figures.length + worse.findings.length + 1;
    expect(xml.match(/<testcase /g)).toHaveLength(cases);
    expect(xml).toContain(`tests="${cases}" failures="2" errors="0"`);
    expect(xml).toMatch(
      /name="invalidation-duration p50">\s*<failure message="regressed: 1\.339 ms to 1\.724 ms, \+26 %/,
    );
    expect(xml).toMatch(/<failure message="new: 6 of 6 new runs/);
  });

  it('what cannot be compared is skipped, and a comparison that says nothing is an error', () => {
    const { label, runs } = recordedBuild('la');
    const nothing = compareRuns({ label, runs: runs.slice(0, 2) }, recordedBuild('lb'));
    const none = renderJunit(nothing, gate(nothing, 'regressed', false));
    expect(none.match(/<skipped/g)).toHaveLength(nothing.figures.length);
    expect(none).toMatch(/<error message="c612-lb cannot be compared with c612-la/);
  });
});

describe('SARIF', () => {
  const log = JSON.parse(renderSarif(worse, verdict)) as Log;
  const [run] = log.runs;

  it.each(CASES)('of %s is valid by the schema of SARIF 2.1.0', (_, comparison) => {
    const written = renderSarif(comparison, gate(comparison, 'regressed', true));
    expect(sarifComplaints(JSON.parse(written))).toEqual([]);
  });

  it('is not valid whatever it holds', () => {
    expect(sarifComplaints({ ...log, version: '2.0' })).not.toEqual([]);
    expect(sarifComplaints({ ...log, runs: [{ ...run, results: [{}] }] })).not.toEqual([]);
  });

  it('tells what is worse or new, with its rule, level and files', () => {
    expect(log.version).toBe('2.1.0');
    expect(run?.results?.map(({ ruleId, level }) => [ruleId, level])).toEqual([
      ['metric/invalidation-duration', 'error'],
      ['metric/range-fault-attempt-duration', 'warning'],
      ['metric/range-fault-duration', 'warning'],
      ['finding/hmm-timeout', 'error'],
    ]);
    for (const result of run?.results ?? []) {
      expect(run?.tool.driver.rules?.[result.ruleIndex ?? -1]?.id).toBe(result.ruleId);
      expect(/\p{C}/u.test(result.message.text ?? '')).toBe(false);
      for (const { physicalLocation } of result.locations ?? []) {
        expect(physicalLocation?.artifactLocation?.uri).toMatch(/^[\w.%/!'()*~-]+$/);
      }
    }
    expect(run?.invocations).toEqual([{ executionSuccessful: true }]);
  });

  it('has no result where nothing is worse', () => {
    const same = compareRuns(recordedBuild('la'), recordedBuild('la2'));
    const quiet = JSON.parse(renderSarif(same, gate(same, 'regressed', false))) as Log;
    expect(quiet.runs[0]?.results?.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

describe('Markdown and text', () => {
  it('hostile names are neither markup nor escapes', () => {
    const markdown = renderComparisonMarkdown(worse, verdict);
    expect(markdown).not.toContain('<b>');
    expect(markdown).not.toMatch(/^# head/m);
    expect(markdown).toContain('&lt;b&gt;');
    const text = renderComparisonText(worse, verdict);
    for (const output of [markdown, text]) expect(/[^\P{C}\n]/u.test(output)).toBe(false);
  });

  it('the table of Markdown has as many cells in each row', () => {
    const rows = renderComparisonMarkdown(worse, verdict)
      .split('\n')
      .filter((line) => line.startsWith('|'));
    const cells = rows.map((row) => row.replaceAll('\\|', '').split('|').length);
    expect(rows.length).toBeGreaterThan(15);
    expect(new Set(cells).size).toBe(1);
  });
});

it('changes are percentages while those are readable', () => {
  expect([1, 1.003, 0.95, 1.26, 2.4, 0.3, 31.04].map(changeText)).toEqual([
    '+0.0 %',
    '+0.3 %',
    '−5.0 %',
    '+26 %',
    '× 2.4',
    '× 0.3',
    '× 31',
  ]);
  expect([0.000001, 0.0123, null].map(probabilityText)).toEqual(['<0.0001', '0.012', '–']);
});

describe('of one or two runs', () => {
  const first = ({ label, runs }: Side, many: number): Side => ({
    label,
    runs: runs.slice(0, many),
  });

  it('the changes are shown, without a verdict', () => {
    const few = compareRuns(first(recordedBuild('k0'), 1), first(recordedBuild('k1'), 2));
    const text = renderComparisonText(few, gate(few, 'regressed', false));
    expect(text).toMatch(/^Test +nothing could be tested$/m);
    expect(text).toMatch(/^not comparable +range-fault-duration p50 .* × \d\d +1\/2 +– +–$/m);
    expect(text.match(/3 are needed to see the noise/g)).toHaveLength(4);
    expect(renderComparisonMarkdown(few, gate(few, 'regressed', false))).toMatch(
      /\| ⚫ not comparable \| range-fault-duration p50 \|/,
    );
  });

  it('of another load they are not', () => {
    const { label, runs } = first(recordedBuild('k1'), 2);
    const other = { label, runs: runs.map((run) => ({ ...run, programs: ['glmark'] })) };
    const few = compareRuns(first(recordedBuild('k0'), 1), other);
    expect(renderComparisonText(few, gate(few, 'regressed', false))).not.toMatch(
      /^not comparable +range/m,
    );
  });
});
