import type { CommandModule } from 'yargs';
import { buildResult } from '../analyzers/build-result.ts';
import { storedPrinter } from '../analyzers/event-printer.ts';
import { printed } from '../analyzers/explain-findings.ts';
import type { Finding, FindingChain } from '../analyzers/finding.ts';
import type { Result } from '../analyzers/result.ts';
import { createView } from '../analyzers/view.ts';
import type { Place } from '../analyzers/wait-for/step.ts';
import { waitChain } from '../analyzers/wait-for/wait-for.ts';
import { TraceError } from '../errors.ts';
import { chainText } from '../reports/chain-text.ts';
import { timeFormat } from '../reports/units.ts';
import { visible, visibleChain } from '../reports/visible.ts';
import { wrap } from '../reports/wrap.ts';
import { openStore, type StoreReader } from '../store/reader.ts';
import { type QuietArguments, withQuiet } from './common.ts';
import { print, stdoutStyle, stdoutWidth } from './terminal.ts';

interface WhyArguments extends QuietArguments {
  readonly db: string;
  readonly finding: string | undefined;
  readonly task: number | undefined;
  readonly fence: string | undefined;
  readonly at: number | undefined;
  readonly json: boolean;
}

/** A chain and what it is the chain of. */
interface Answer {
  readonly title: string;
  readonly chain: FindingChain;
}

export const whyCommand: CommandModule<object, WhyArguments> = {
  command: 'why <db> [finding]',
  describe:
    'Show what a finding stood behind, link by link, down to the first thing that did not move',
  builder: (yargs) =>
    withQuiet(yargs)
      .positional('db', {
        type: 'string',
        demandOption: true,
        describe: 'Database made by analyze -o',
      })
      .positional('finding', {
        type: 'string',
        describe: 'Id of a finding or its beginning; without it, all that have a chain',
      })
      .option('task', {
        type: 'number',
        requiresArg: true,
        describe: 'What this thread stood behind at --at, instead of a finding',
      })
      .option('fence', {
        type: 'string',
        requiresArg: true,
        describe: 'What this fence (context:seqno) stood behind at --at',
      })
      .option('at', {
        type: 'number',
        requiresArg: true,
        describe: 'Seconds after the first event, as reports print them; default: the end',
      })
      .option('json', { type: 'boolean', default: false, describe: 'As JSON' })
      .conflicts('task', ['fence', 'finding'])
      .conflicts('fence', 'finding')
      .example('$0 why trace.db', 'every chain of causes')
      .example('$0 why trace.db invalidate-stall-15a9', 'of one finding')
      .example('$0 why trace.db --task 522 --at 2.5', 'where a thread stood, 2.5 s in')
      .example('$0 why trace.db --fence 3:1', 'why a fence had not signalled at the end'),
  handler: run,
};

function run(args: WhyArguments): void {
  const store = openStore(args.db);
  try {
    const result = buildResult(store);
    const answers = answersTo(args, store, result).map(({ title, chain }) => ({
      title: visible(title),
      chain: visibleChain(chain),
    }));
    if (args.json) {
      print(`${JSON.stringify(answers, null, 2)}\n`);
      return;
    }
    print(answers.map((answer) => answerText(answer, result)).join('\n'));
  } finally {
    store.close();
  }
}

function answersTo(args: WhyArguments, store: StoreReader, result: Result): Answer[] {
  if (args.task !== undefined) {
    const place = { kind: 'task', id: taskId(store, args.task, atOf(args, result)) } as const;
    return [asked(store, result, place, `thread ${args.task}`, atOf(args, result))];
  }
  if (args.fence !== undefined) {
    const place = { kind: 'fence', id: fenceId(store, args.fence, atOf(args, result)) } as const;
    return [asked(store, result, place, `fence ${args.fence}`, atOf(args, result))];
  }
  return chosen(result, args).flatMap(({ summary, chain }) =>
    chain === undefined ? [] : [{ title: summary, chain }],
  );
}

/** @throws TraceError where no finding, or none with a chain, is meant. */
function chosen(result: Result, { finding, db }: WhyArguments): Finding[] {
  const meant = result.findings.filter(({ id }) => finding === undefined || id.startsWith(finding));
  if (finding !== undefined && meant.length === 0) {
    throw new TraceError(`there is no finding ${finding}`, {
      hint: `svm-trace report ${db} lists their ids`,
    });
  }
  if (meant.every(({ chain }) => chain === undefined)) {
    throw new TraceError(
      finding === undefined
        ? 'no finding is about something that stood still'
        : `${finding} is about nothing that stood still`,
      { hint: '--task or --fence with --at asks about any instant' },
    );
  }
  return meant;
}

function atOf({ at }: WhyArguments, { capture }: Result): number {
  if (at === undefined) return capture.durationNs;
  const ns = Math.round(at * (capture.clock.unit === 'ns' ? 1e9 : 1));
  if (Number.isFinite(ns) && ns >= 0 && ns <= capture.durationNs) return ns;
  const { moment } = timeFormat(capture.clock);
  throw new TraceError(`--at ${at} is not inside the capture`, {
    hint: `it goes from ${moment(0)} to ${moment(capture.durationNs)}`,
  });
}

function taskId(store: StoreReader, tid: number, at: number): number {
  const [task] = store.allNumbers<{ id: number }>(
    `SELECT id FROM task WHERE tid = ? AND coalesce(start_ts, 0) <= ? ORDER BY generation DESC LIMIT 1`,
    tid,
    at,
  );
  if (task === undefined) throw new TraceError(`no thread ${tid} is known at that time`);
  return task.id;
}

function fenceId(store: StoreReader, name: string, at: number): number {
  const [, context, seqno] = /^(\d+):(\d+)$/.exec(name) ?? [];
  if (context === undefined || seqno === undefined) {
    throw new TraceError(`--fence ${name} is no fence`, { hint: 'context:seqno, for example 3:1' });
  }
  const [fence] = store.allNumbers<{ id: number }>(
    `SELECT id FROM fence WHERE context = ? AND seqno = ? AND first_ts <= ?
      ORDER BY generation DESC LIMIT 1`,
    Number(context),
    Number(seqno),
    at,
  );
  if (fence === undefined) throw new TraceError(`no fence ${name} is known at that time`);
  return fence.id;
}

function asked(
  store: StoreReader,
  result: Result,
  place: Place,
  title: string,
  at: number,
): Answer {
  const chain = waitChain(createView(store, []), place, at);
  if (chain === undefined) throw new Error(`${place.kind} ${place.id} is not in the store`);
  const { moment } = timeFormat(result.capture.clock);
  return { title: `${title} at ${moment(at)}`, chain: printed(chain, store, storedPrinter(store)) };
}

function answerText({ title, chain }: Answer, { capture }: Result): string {
  const style = stdoutStyle();
  const width = stdoutWidth();
  const lines = chainText(chain, capture.clock, { width: width - 2, style, evidence: true });
  return [
    ...wrap(title, width).map(style.strong),
    `at ${timeFormat(capture.clock).moment(chain.at)}`,
    ...lines.map((line) => `  ${line}`),
    '',
  ].join('\n');
}
