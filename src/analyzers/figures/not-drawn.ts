/** Which questions no figure answers, and why. */
import type { OccurrenceKind } from '../../kernel/occurrence.ts';
import type { StoreReader } from '../../store/reader.ts';
import { drawnMetrics, metrics } from '../metrics/index.ts';
import type { Metric } from '../metrics/metric.ts';
import { wordsOf } from '../need-words.ts';
import type { FigureNotDrawn } from '../result.ts';
import { ATTEMPTS_TITLE } from './attempts.ts';
import { breakdownSpecs } from './breakdowns.ts';
import { FAULTS_TITLE } from './faults-over-time.ts';

type Needs = Metric['needs'];

const FIGURES: readonly { readonly title: string; readonly needs: Needs }[] = [
  ...drawnMetrics,
  { title: ATTEMPTS_TITLE, needs: needsOf('range-fault-duration') },
  ...breakdownSpecs.map(({ title, parts }) => ({ title, needs: parts.at(-1)?.needs ?? [] })),
  { title: FAULTS_TITLE, needs: needsOf('device-fault-rate') },
];

export function figuresNotDrawn(
  store: StoreReader,
  drawn: readonly { readonly title: string }[],
): FigureNotDrawn[] {
  const seen = new Set(
    store
      .allNumbers<{ kind: OccurrenceKind }>('SELECT kind FROM occurrence WHERE observable = 1')
      .map(({ kind }) => kind),
  );
  const titles = new Set(drawn.map(({ title }) => title));
  return FIGURES.filter(({ title }) => !titles.has(title)).map(({ title, needs }) => {
    const missing = needs.find((oneOf) => !oneOf.some((kind) => seen.has(kind)));
    const reason =
      missing === undefined
        ? 'none began and ended in this capture'
        : `not recorded: ${wordsOf(missing)}`;
    return { title, reason };
  });
}

function needsOf(name: string): Needs {
  return metrics.find((metric) => metric.name === name)?.needs ?? [];
}
