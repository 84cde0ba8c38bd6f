/** Compares a capture with what its load really did; what its form cannot show is told apart. */
import { existsSync, readFileSync } from 'node:fs';
import { analyze } from '../../src/analyzers/analyze.ts';
import { objectsOf } from '../run-capture.ts';
import { type Aspect, aspectsOf, strangeFindings } from './aspects.ts';
import { readTruth } from './truth.ts';
import { UNSHOWN, type Unshown } from './unshown.ts';

export interface FormVerdict {
  /** The load, the same for all its recordings. */
  readonly load: string;
  readonly form: string;
  readonly shown: number;
  /** Not shown, because the form cannot. */
  readonly unshown: readonly { readonly aspect: Aspect; readonly because: Unshown }[];
  /** Not shown, and nothing excuses it. */
  readonly wrong: readonly Aspect[];
  /** Findings the truth does not tell of. */
  readonly strange: readonly string[];
}

const ENDINGS = /\.(dat|perf\.data|ftrace\.txt)$/;

/** The truth of a capture lies beside it; undefined where there is none. */
export function truthPath(capture: string): string | undefined {
  const path = capture.replace(ENDINGS, '.truth.txt');
  return path !== capture && existsSync(path) ? path : undefined;
}

export async function compareForm(capture: string, truthFile: string): Promise<FormVerdict> {
  const truth = readTruth(readFileSync(truthFile, 'utf8'));
  const { result } = await analyze(capture, { strict: true, figures: false });
  const shown = { objects: objectsOf(capture), result };
  const aspects = aspectsOf(truth, shown);
  const reasons = UNSHOWN.filter(({ applies }) => applies(shown));
  const unshown: { aspect: Aspect; because: Unshown }[] = [];
  const wrong: Aspect[] = [];
  for (const aspect of aspects) {
    if (aspect.found === undefined) continue;
    const because = reasons.find(({ hides }) => hides.includes(aspect.about));
    if (because) unshown.push({ aspect, because });
    else wrong.push(aspect);
  }
  return {
    load: truth.load,
    form: formOf(shown.result.capture),
    shown: aspects.length - unshown.length - wrong.length,
    unshown,
    wrong,
    strange: strangeFindings(truth, shown),
  };
}

/** The format, and the tracer where it is one of functions. */
function formOf({
  format,
  eventTypes,
}: Awaited<ReturnType<typeof analyze>>['result']['capture']): string {
  const tracer = eventTypes.find(
    ({ system, name, events }) => system === 'ftrace' && /^func/.test(name) && events > 0,
  );
  if (!tracer) return format;
  return `${format}, ${tracer.name === 'function' ? 'function' : 'function_graph'}`;
}
