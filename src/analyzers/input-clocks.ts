/** What can be said of the order of events that come from different inputs. */
import type { View } from './detector.ts';
import type { Confidence, FindingDraft, Severity } from './finding.ts';

interface InputRow {
  readonly id: number;
  readonly path: string;
  readonly aligned: string;
  readonly error_ns: number | null;
  readonly anchors: number;
}

interface Seen {
  readonly ts: number;
  readonly input: InputRow;
}

/** Only as much of the store as this needs. */
type Store = Pick<View, 'all'>;

export class InputClocks {
  readonly #store: Store;
  readonly #inputs: readonly InputRow[];
  /** By buffer. */
  readonly #ofBuffer = new Map<number, InputRow>();

  constructor(store: Store) {
    this.#store = store;
    this.#inputs = store.all<InputRow>(
      'SELECT id, path, aligned, error_ns, anchors FROM input ORDER BY id',
    );
    if (this.#inputs.length < 2) return;
    const buffers = store.all<{ id: number; input_id: number }>('SELECT id, input_id FROM buffer');
    for (const { id, input_id } of buffers) {
      const input = this.#inputs.find((one) => one.id === input_id);
      if (input) this.#ofBuffer.set(id, input);
    }
  }

  /**
   * ± ns between the clocks that stamped two events: 0 within one input, infinite where nothing ties
   * their inputs. Two events that are not further apart than this cannot be ordered.
   */
  errorBetween(a: number | null, b: number | null): number {
    if (this.#inputs.length < 2 || a === null || b === null || a === b) return 0;
    const seen = this.#look([a, b]);
    const [first, second] = [seen.get(a)?.input, seen.get(b)?.input];
    return first && second ? errorOf(first, second) : 0;
  }

  /** The finding with what the clocks of its evidence allow to say. */
  bound(draft: FindingDraft): FindingDraft {
    if (this.#inputs.length < 2) return draft;
    const seen = [...this.#look(draft.evidence).values()];
    const inputs = [...new Set(seen.map(({ input }) => input))];
    if (inputs.length < 2) return draft;
    const error = worstError(inputs);
    if (error === Number.POSITIVE_INFINITY) return notComparable(draft, inputs);
    const unordered = closest(seen);
    // all of it happened within the error: nothing of it is known to be before anything else
    const isBlur = unordered > 0 && draft.to - draft.from <= error;
    const isWeak = isBlur || inputs.some(isUnconfirmed);
    return {
      ...draft,
      severity: isBlur ? mostWarn(draft.severity) : draft.severity,
      confidence: least(draft.confidence, isWeak ? 'suspect' : 'likely'),
      details: [
        ...draft.details,
        { label: 'clock error between inputs', value: { type: 'duration', ns: error } },
        ...(unordered === 0
          ? []
          : [
              {
                label: 'cannot be ordered',
                value: {
                  type: 'text',
                  value: `${unordered} of the events shown are within the clock error of one from another input`,
                } as const,
              },
            ]),
      ],
    };
  }

  #look(events: readonly number[]): Map<number, Seen> {
    const rows = this.#store.all<{ id: number; ts: number; buffer: number }>(
      'SELECT id, ts, buffer FROM event WHERE id IN (SELECT value FROM json_each(?))',
      JSON.stringify(events),
    );
    return new Map(
      rows.flatMap(({ id, ts, buffer }): [number, Seen][] => {
        const input = this.#ofBuffer.get(buffer);
        return input ? [[id, { ts, input }]] : [];
      }),
    );
  }
}

function errorOf(a: InputRow, b: InputRow): number {
  if (a.id === b.id) return 0;
  return (a.error_ns ?? Number.POSITIVE_INFINITY) + (b.error_ns ?? Number.POSITIVE_INFINITY);
}

/**
 * One happening is confirmed by no other; clocks of one name, and the time of day, do not make it one
 * boot.
 */
function isUnconfirmed({ anchors, aligned }: InputRow): boolean {
  if (aligned === 'clock' || aligned === 'wall') return anchors === 0;
  return anchors === 1;
}

function worstError(inputs: readonly InputRow[]): number {
  const [first = 0, second = 0] = inputs
    .map(({ error_ns }) => error_ns ?? Number.POSITIVE_INFINITY)
    .sort((a, b) => b - a);
  return first + second;
}

const CONFIDENCES: readonly Confidence[] = ['suspect', 'likely', 'proven'];

function least(a: Confidence, b: Confidence): Confidence {
  return CONFIDENCES.indexOf(a) < CONFIDENCES.indexOf(b) ? a : b;
}

function mostWarn(severity: Severity): Severity {
  return severity === 'info' ? 'info' : 'warn';
}

/** What happened in inputs that nothing ties is no chain of causes. */
function notComparable(draft: FindingDraft, inputs: readonly InputRow[]): FindingDraft {
  const apart = inputs.filter(({ error_ns }) => error_ns === null).map(({ path }) => path);
  return {
    ...draft,
    severity: mostWarn(draft.severity),
    confidence: 'suspect',
    details: [
      ...draft.details,
      {
        label: 'cannot be ordered',
        value: { type: 'text', value: `the clock of ${apart.join(' and ')} is not aligned` },
      },
    ],
  };
}

/** How many events have one of another input so near that their order is not known. */
function closest(seen: readonly Seen[]): number {
  return seen.filter((one) =>
    seen.some(
      (other) =>
        other.input !== one.input && Math.abs(other.ts - one.ts) <= errorOf(one.input, other.input),
    ),
  ).length;
}
