import type { CommandModule } from 'yargs';
import type { DetectorMeta, Need } from '../analyzers/detector.ts';
import { wordsOf } from '../analyzers/need-words.ts';
import { loadRules, withRules } from '../analyzers/rules/load-rules.ts';
import { thresholdText } from '../analyzers/threshold.ts';
import { TraceError } from '../errors.ts';
import type { TextStyle } from '../reports/text-style.ts';
import { columns, indent, wrap } from '../reports/wrap.ts';
import { type QuietArguments, RULES_OPTION, withQuiet } from './common.ts';
import { print, stdoutStyle, stdoutWidth } from './terminal.ts';

interface ExplainArguments extends QuietArguments {
  readonly detector: string | undefined;
  readonly rules: readonly string[];
  readonly json: boolean;
}

export const explainCommand: CommandModule<object, ExplainArguments> = {
  command: 'explain [detector]',
  describe: 'What a detector looks for, what it needs and how it can be wrong',
  builder: (yargs) =>
    withQuiet(yargs)
      .positional('detector', {
        type: 'string',
        describe: 'Id or number of a detector, or id of a finding; without it all are listed',
      })
      .option('rules', RULES_OPTION)
      .option('json', { type: 'boolean', default: false, describe: 'As JSON' })
      .example('$0 explain', 'all detectors')
      .example('$0 explain invalidate-stall', 'one of them')
      .example('$0 explain invalidate-stall-1a2b3c4d', 'the detector of a finding'),
  handler: run,
};

async function run(args: ExplainArguments): Promise<void> {
  const metas = withRules(await loadRules(args.rules)).map((detector) => detector.meta);
  if (args.detector === undefined) {
    print(args.json ? json(metas) : list(metas));
    return;
  }
  const meta = find(metas, args.detector);
  print(args.json ? json(meta) : explanation(meta, stdoutStyle(), stdoutWidth()));
}

function find(metas: readonly DetectorMeta[], wanted: string): DetectorMeta {
  const id = wanted.toLowerCase().replace(/-[0-9a-f]{8}$/, '');
  const meta = metas.find((known) => known.id === id || known.number.toLowerCase() === id);
  if (meta) return meta;
  throw new TraceError(`no detector is called ${wanted}`, {
    hint: `known are ${metas.map((known) => known.id).join(', ')}`,
  });
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function list(metas: readonly DetectorMeta[]): string {
  const rows = metas.map((meta) => [meta.id, `${meta.title} (${meta.number})`] as const);
  return `${columns(rows, stdoutWidth())}\n\nsvm-trace explain <detector> says more.\n`;
}

function explanation(meta: DetectorMeta, style: TextStyle, width: number): string {
  const sections = [
    [`${style.strong(meta.id)}  ${meta.title} (${meta.number}), at worst ${meta.severity}`],
    wrap(meta.description, width),
    needs(style.strong('Needs'), meta.needs, width),
    needs(style.strong('Sharper with'), meta.uses, width),
    bullets(
      style.strong('Judges by (svm-trace.config.json changes it)'),
      (meta.thresholds ?? []).map((one) => `${one.name} = ${thresholdText(one)}: ${one.doc}`),
      width,
    ),
    bullets(style.strong('How it can be wrong'), meta.traps, width),
    bullets(style.strong('References'), meta.references, width),
  ];
  const text = sections.filter((section) => section.length > 0).map((lines) => lines.join('\n'));
  return `${text.join('\n\n')}\n`;
}

function needs(title: string, list: readonly Need[], width: number): string[] {
  if (list.length === 0) return [];
  return [
    title,
    ...list.flatMap((need) => [
      ...indent(wrap(wordsOf(need.oneOf), width - 2), '- ', '  '),
      ...need.enable.map((line) => `    ${line}`),
    ]),
  ];
}

function bullets(title: string, items: readonly string[], width: number): string[] {
  if (items.length === 0) return [];
  return [title, ...items.flatMap((item) => indent(wrap(item, width - 2), '- ', '  '))];
}
