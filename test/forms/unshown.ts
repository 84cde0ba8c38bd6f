/** What a form of recording cannot show of its load, and why: every difference must be one of these. */
import type { OccurrenceKind } from '../../src/kernel/occurrence.ts';
import type { About, Shown } from './aspects.ts';

export interface Unshown {
  readonly form: string;
  readonly applies: (shown: Shown) => boolean;
  readonly hides: readonly About[];
  readonly why: string;
}

const lacks =
  (kind: OccurrenceKind) =>
  ({ objects }: Shown): boolean =>
    !objects.recogniser.possible(kind);
const isBlind =
  (what: string) =>
  ({ result }: Shown): boolean =>
    result.findings.some(({ detector, key }) => detector === 'tool-blind' && key.what === what);

export const UNSHOWN: readonly Unshown[] = [
  {
    form: 'tracepoints without the fence_signal probe',
    applies: lacks('fence.signal_call'),
    hides: ['fence error', 'finding fence-error'],
    why: 'dma_fence_signaled does not carry the error',
  },
  {
    form: 'without a probe on mmu_interval_notifier_insert, or through a function tracer without arguments',
    applies: ({ objects }) => objects.rows('notifier').every((row) => row.range_start === null),
    hides: ['notifier'],
    why: 'mmu_interval notifiers have no tracepoints, and without arguments a call has no range',
  },
  {
    form: 'a recording that ends with its load',
    applies: () => true,
    hides: ['fence pending at the end'],
    why: 'what the fences do afterwards is cut off',
  },
  {
    form: 'without probes on the invalidation',
    applies: lacks('invalidation.begin'),
    hides: ['invalidation', 'finding invalidate-stall'],
    why: 'mmu_notifier has no tracepoints: only the wait for the fence is there',
  },
  {
    form: 'a clock that counts no time (uptime, counter), or one of unknown unit (x86-tsc)',
    applies: ({ result }) => result.capture.clock.unit !== 'ns',
    hides: [
      'fence latency',
      'invalidation duration',
      'finding invalidate-stall',
      'finding fence-never-signalled',
    ],
    why: 'nothing has a duration in it',
  },
  {
    form: 'function_graph text without options/funcgraph-abstime',
    applies: ({ result }) => result.problems.some(({ code }) => code === 'no-absolute-time'),
    hides: ['fence latency'],
    why: 'times are put together from the durations of calls: between them no time passes',
  },
  {
    form: 'without a probe on the return or the end of the invalidation',
    applies: ({ objects }) =>
      objects.rows('invalidation').every((row) => row.return_ts === null && row.end_ts === null),
    hides: ['invalidation duration'],
    why: 'only the wait inside it tells how long it took',
  },
  {
    form: 'perf record without -a',
    applies: isBlind('one task recorded'),
    hides: ['fence end', 'fence latency', 'finding fence-never-signalled', 'death'],
    why: 'interrupts and kworkers, which signal the fences, are not the recorded task',
  },
  {
    form: 'a recording that lost events',
    applies: ({ result }) => result.losses.length > 0,
    hides: [
      'fence',
      'fence end',
      'fence latency',
      'invalidation',
      'range fault',
      'notifier',
      'finding invalidate-stall',
    ],
    why: 'what was lost is not there',
  },
];
