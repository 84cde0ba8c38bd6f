/**
 * A comparison as SARIF 2.1.0: what got worse, and what is new, each with the recordings it rests on
 * (https://docs.oasis-open.org/sarif/sarif/v2.1.0/).
 */
import type { Log, ReportingDescriptor, Result } from 'sarif';
import { metrics } from '../../analyzers/metrics/index.ts';
import type { Comparison, FigureComparison, FindingComparison } from '../../compare/comparison.ts';
import { type Gate, isWorseSuspect } from '../../compare/gate.ts';
import { visible } from '../visible.ts';
import {
  changeText,
  comparisonHeadline,
  intervalText,
  presenceText,
  probabilityText,
} from './words.ts';

export function renderSarif(comparison: Comparison, verdict: Gate): string {
  const figures = comparison.figures.filter(
    (figure) => figure.verdict === 'regressed' || isWorseSuspect(figure),
  );
  const findings = comparison.findings.filter((finding) => finding.verdict === 'new');
  const rules = [...new Set([...figures.map(ruleOfFigure), ...findings.map(ruleOfFinding)])];
  const log: Log = {
    version: '2.1.0',
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    runs: [
      {
        tool: {
          driver: {
            name: comparison.tool.name,
            version: comparison.tool.version,
            rules: rules.map(describeRule),
          },
        },
        automationDetails: {
          id: `svm-trace compare/${encodeURIComponent(comparison.base.label)}/${encodeURIComponent(comparison.new.label)}`,
        },
        invocations: [
          {
            executionSuccessful: verdict.outcome !== 'undecided',
            ...(verdict.outcome === 'undecided' && {
              toolExecutionNotifications: [
                {
                  level: 'error',
                  message: { text: visible(comparisonHeadline(comparison, verdict)) },
                },
              ],
            }),
          },
        ],
        results: [
          ...figures.map((figure) => figureResult(figure, comparison, rules)),
          ...findings.map((finding) => findingResult(finding, rules)),
        ],
      },
    ],
  };
  return `${JSON.stringify(log, null, 1)}\n`;
}

function ruleOfFigure({ metric }: FigureComparison): string {
  return `metric/${metric}`;
}

function ruleOfFinding({ detector }: FindingComparison): string {
  return `finding/${detector}`;
}

function describeRule(id: string): ReportingDescriptor {
  const metric = metrics.find(({ name }) => id === `metric/${name}`);
  const text = metric ? `${metric.title} ${metric.doc}` : `New findings of ${id.split('/').at(-1)}`;
  return { id, shortDescription: { text: metric?.title ?? text }, fullDescription: { text } };
}

function figureResult(
  figure: FigureComparison,
  comparison: Comparison,
  rules: readonly string[],
): Result {
  const ruleId = ruleOfFigure(figure);
  const { verdict, id, ratio, ci95, p, q } = figure;
  const text = `${id} ${verdict} ${changeText(ratio)} (${intervalText(ci95)}; p ${probabilityText(p)}, q ${probabilityText(q)}): ${comparison.new.label} against ${comparison.base.label}`;
  return {
    ruleId,
    ruleIndex: rules.indexOf(ruleId),
    level: verdict === 'regressed' ? 'error' : 'warning',
    message: { text: visible(text) },
    locations: comparison.new.runs.map(({ path }) => locationOf(path)),
    partialFingerprints: { 'figure/v1': id },
  };
}

function findingResult(finding: FindingComparison, rules: readonly string[]): Result {
  const ruleId = ruleOfFinding(finding);
  const { incident } = finding.new;
  return {
    ruleId,
    ruleIndex: rules.indexOf(ruleId),
    level: finding.gates ? 'error' : 'warning',
    message: {
      text: visible(`${incident?.summary ?? finding.detector} New: ${presenceText(finding)}`),
    },
    locations: incident ? [locationOf(incident.path)] : [],
    partialFingerprints: {
      'finding/v1': JSON.stringify([finding.detector, ...finding.identity]),
    },
  };
}

function locationOf(path: string): NonNullable<Result['locations']>[number] {
  const uri = path.split(/[\\/]/).map(encodeURIComponent).join('/');
  return { physicalLocation: { artifactLocation: { uri } } };
}
