/** A comparison as JUnit XML: a test case per metric and finding, failed where the build fails. */
import junit, { type Builder } from 'junit-report-builder';
import type { Comparison, FigureComparison } from '../../compare/comparison.ts';
import type { Gate } from '../../compare/gate.ts';
import { visible } from '../visible.ts';
import {
  changeText,
  comparisonHeadline,
  intervalText,
  presenceText,
  probabilityText,
  valueText,
} from './words.ts';

/** Its types promise a `default` that the CommonJS build, which Node takes, does not have. */
const builder = junit as unknown as Builder;

export function renderJunit(comparison: Comparison, verdict: Gate): string {
  const report = builder.newBuilder().name('svm-trace compare');
  const failed = new Set(verdict.figures.map(({ id }) => id));
  const metrics = report.testSuite().name('metrics');
  for (const figure of comparison.figures) {
    const test = metrics.testCase().className('metric').name(figure.id);
    const sentence = visible(figureSentence(figure));
    if (figure.verdict === 'not comparable') test.skipped();
    else if (failed.has(figure.id)) test.failure(sentence, figure.verdict);
    test.standardOutput(sentence);
  }
  const findings = report.testSuite().name('findings');
  for (const finding of comparison.findings) {
    const name = visible([finding.detector, ...finding.identity].join(' '));
    const test = findings.testCase().className(`finding.${finding.detector}`).name(name);
    const incident = finding.new.incident ?? finding.base.incident;
    const sentence = visible(
      `${finding.verdict}: ${presenceText(finding)}. ${incident?.summary ?? ''} ${incident?.path ?? ''} ${incident?.finding ?? ''}`,
    );
    if (finding.verdict === 'not comparable') test.skipped();
    else if (verdict.findings.includes(finding)) test.failure(sentence, 'new');
    test.standardOutput(sentence);
  }
  const whole = report.testSuite().name('comparison').testCase().className('comparison');
  whole.name('the builds can be compared');
  if (verdict.outcome === 'undecided') {
    whole.error(visible(comparisonHeadline(comparison, verdict)), 'not comparable');
  }
  return report.build();
}

function figureSentence(figure: FigureComparison): string {
  const { base, new: next, ratio, ci95, p, q, verdict, reason, runsNeeded } = figure;
  if (verdict === 'not comparable') return `not comparable: ${reason ?? ''}`;
  const needed = runsNeeded ? `; ${runsNeeded} runs a side would decide it` : '';
  return `${verdict}: ${valueText(base.median, figure)} to ${valueText(next.median, figure)}${figure.unit === 'ns' ? '' : ` ${figure.unit}`}, ${changeText(ratio)} (${intervalText(ci95)}), p ${probabilityText(p)}, q ${probabilityText(q)}${needed}`;
}
