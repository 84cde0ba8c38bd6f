/**
 * What this recording cannot show, and what to record to see it: a detector that could not look is
 * not a clean one.
 */
import type { Detector, Need, View } from '../detector.ts';
import type { Detail, FindingDraft } from '../finding.ts';
import { detail } from './shared/details.ts';
import * as needs from './shared/needs.ts';

const EVIDENCE_EVENTS = 8;

/** What each kind of record would tell; shown when it is missing, what hides most failures first. */
const FACTS: readonly { readonly fact: string; readonly need: Need }[] = [
  { fact: 'which invalidations there are', need: needs.invalidations },
  { fact: 'when fences signal', need: needs.fenceSignals },
  { fact: 'with which error a fence signals', need: needs.fenceErrors },
  { fact: 'who waits for which fence', need: needs.fenceWaits },
  { fact: 'how long invalidate_range_start takes', need: needs.invalidationReturns },
  { fact: 'HMM faults and their results', need: needs.rangeFaults },
  { fact: 'page faults of a GPU', need: needs.deviceFaults },
  { fact: 'when processes die', need: needs.exits },
  { fact: 'who creates fences and when they are freed', need: needs.fenceBirths },
  { fact: 'which memory is registered with a device', need: needs.notifierBirths },
  { fact: 'the sequence numbers that make an HMM fault retry', need: needs.readBegins },
  { fact: 'page requests and faults at the IOMMU', need: needs.iommuFaults },
  { fact: 'how much of an invalidation the driver takes', need: needs.driverFunctions },
];

export const toolBlind: Detector = {
  meta: {
    id: 'tool-blind',
    number: 'D32',
    title: 'What this recording cannot show',
    description:
      'Lists the detectors that could not run and the records that were not made, with the exact events and probes to enable, and everything else that weakens verdicts: lost events, probes with wrong offsets, a clock that does not count time, a recording of one task only, a tracer without returns.',
    severity: 'info',
    needs: [],
    uses: [],
    traps: ['An event that was enabled and never fired may be listed as missing.'],
    references: [
      'Documentation/trace/kprobetrace.rst',
      'Documentation/trace/fprobetrace.rst',
      'trace-cmd-record(1)',
    ],
  },

  *detect(view) {
    yield* lost(view);
    yield* damaged(view);
    yield* wrongOffsets(view);
    yield* clockUnit(view);
    yield* oneTask(view);
    yield* functionTracer(view);
    yield* notRecorded(view);
  },
};

function blind(
  view: View,
  what: string,
  summary: string,
  rest: {
    readonly details?: readonly Detail[];
    readonly evidence?: readonly number[];
    readonly next: readonly string[];
  },
): FindingDraft {
  return {
    severity: 'info',
    confidence: 'proven',
    summary,
    from: 0,
    to: view.end,
    objects: [],
    details: rest.details ?? [],
    evidence: rest.evidence ?? anyEvent(view),
    next: rest.next,
    identity: [what],
    key: { what },
  };
}

function anyEvent(view: View): number[] {
  return view.all<{ id: number }>('SELECT id FROM event LIMIT 1').map(({ id }) => id);
}

function* lost(view: View): Iterable<FindingDraft> {
  if (view.losses.length === 0) return;
  const events = view.losses.reduce((sum, loss) => sum + (loss.events ?? 0), 0);
  const uncounted = view.losses.filter((loss) => loss.events === null).length;
  const cpus = new Set(view.losses.map((loss) => `${loss.buffer}:${loss.cpu}`));
  // some recorders do not say where
  const isAnywhere = view.losses.some(({ cpu }) => cpu < 0);
  const where = isAnywhere ? '' : ` on ${cpus.size} CPU${cpus.size === 1 ? '' : 's'}`;
  const places = view.losses.length === 1 ? 'one place' : `${view.losses.length} places`;
  const some =
    uncounted > 0
      ? `${events > 0 ? 'more than ' : ''}${events > 0 ? events.toLocaleString('en-US') : 'an unknown number of'}`
      : events.toLocaleString('en-US');
  const started = view.losses.filter((loss) => loss.kind === 'overwritten').length;
  yield blind(
    view,
    'lost',
    `The recorder lost ${some} events in ${places}${where}: what was alive then is at most likely, and "never" is only suspected.`,
    {
      details: [
        detail.count('events lost', events),
        detail.count('places', view.losses.length),
        detail.count('places of unknown size', uncounted),
        detail.count('CPUs whose start was overwritten', started),
        detail.count('CPUs cut off', view.losses.filter(({ kind }) => kind === 'truncated').length),
      ],
      next: [
        'Record with larger buffers (trace-cmd record -b 65536) or fewer events.',
        'Let the recorder run with priority, and write to a fast disk or to memory.',
      ],
    },
  );
}

function* damaged(view: View): Iterable<FindingDraft> {
  const problems = view.all<{ code: string; message: string; count: number }>(
    "SELECT code, message, count FROM problem WHERE severity = 'data-loss' ORDER BY id",
  );
  const [first] = problems;
  if (first === undefined) return;
  const others = problems.length > 1 ? `, and ${problems.length - 1} more of the kind` : '';
  yield blind(
    view,
    'damaged file',
    `The capture is not whole: ${first.message}${others}. Whole stretches of events, or their order, may be missing, so "never" is only suspected.`,
    {
      details: problems.map(({ code, message, count }) =>
        detail.text(code, count > 1 ? `${message} (${count} times)` : message),
      ),
      next: ['Copy the recording again, or record again and let the recorder end by itself.'],
    },
  );
}

interface ProbeCheck {
  readonly system: string;
  readonly event: string;
  readonly function: string;
  readonly checked: number;
  readonly failed: number;
  readonly reason: string | null;
}

function* wrongOffsets(view: View): Iterable<FindingDraft> {
  if (view.saneProbes) return;
  const events = view.all<{ start_event: number }>(
    'SELECT start_event FROM invalidation WHERE sane = 0 AND start_event IS NOT NULL LIMIT ?',
    EVIDENCE_EVENTS,
  );
  const checks = view.all<ProbeCheck>(
    'SELECT system, event, function, checked, failed, reason FROM probe_check WHERE failed > 0',
  );
  yield blind(
    view,
    'probe offsets',
    'A probe recorded impossible arguments: its offsets are those of another kernel, so mm, range, reason and flags are not used; durations and fence waits stay right.',
    {
      details: checks.map(({ system, event, function: name, checked, failed, reason }) =>
        detail.text(
          `${system}:${event} on ${name}`,
          `${failed} of ${checked} impossible${reason === null ? '' : `: ${reason}`}`,
        ),
      ),
      evidence: events.length > 0 ? events.map(({ start_event }) => start_event) : anyEvent(view),
      next: [
        'Up to Linux 6.2 struct mmu_notifier_range starts with vma: use mm=+8($arg1) start=+16($arg1) end=+24($arg1) flags=+32($arg1) event=+36($arg1).',
        'From 6.3 on it is mm=+0 start=+8 end=+16 flags=+24 event=+28; with BTF write mm=range->mm and let the kernel find the offset.',
      ],
    },
  );
}

function* clockUnit(view: View): Iterable<FindingDraft> {
  if (view.clock.unit === 'ns') return;
  yield blind(
    view,
    'clock unit',
    `The trace clock ${view.clock.name} counts ticks and nothing says how long one is: no duration is judged, only the order of events.`,
    {
      next: [
        'Record with `trace-cmd record -C mono`, or with --tsc2nsec where the clock must be x86-tsc.',
      ],
    },
  );
}

function* oneTask(view: View): Iterable<FindingDraft> {
  if (!view.perTask) return;
  const [stated] = view.all(
    "SELECT 1 FROM capture_fact WHERE name = 'per-task' AND value LIKE 'only %'",
  );
  const finding = blind(
    view,
    'one task recorded',
    stated === undefined
      ? 'Every event is of one command, and the text does not say whether others were recorded: signals from interrupts and kworkers may be missing, so nothing is said to never happen.'
      : 'Only one task and its children were recorded: signals from interrupts and kworkers are missing, so nothing is said to never happen.',
    { next: ['Record the whole machine (perf record -a, trace-cmd without -F).'] },
  );
  yield { ...finding, confidence: stated === undefined ? 'likely' : 'proven' };
}

function* functionTracer(view: View): Iterable<FindingDraft> {
  const rows = view.all<{ start_event: number }>(
    `SELECT start_event FROM invalidation WHERE source = 'function' AND start_event IS NOT NULL LIMIT ?`,
    EVIDENCE_EVENTS,
  );
  if (rows.length === 0) return;
  yield blind(
    view,
    'function tracer',
    'Invalidations were recorded by the function tracer: it has no returns and no arguments, so their durations are upper bounds and nothing is known of ranges and results.',
    {
      evidence: rows.map(({ start_event }) => start_event),
      next: [
        'Use probes on entry and return, or function_graph with funcgraph-retval, instead of the function tracer.',
      ],
    },
  );
}

function* notRecorded(view: View): Iterable<FindingDraft> {
  const blindRuns = view.runs.filter((run) => run.outcome === 'not-observable');
  const missing = FACTS.filter(({ need }) => !need.oneOf.some((kind) => view.observed(kind)));
  if (blindRuns.length === 0 && missing.length === 0) return;
  const enable = new Set(missing.flatMap(({ need }) => need.enable));
  const detectors = blindRuns.map((run) => run.detector);
  yield blind(
    view,
    'probes',
    missingSummary(
      detectors,
      missing.map(({ fact }) => fact),
    ),
    {
      details: [
        ...blindRuns.map((run) => detail.text(`${run.detector} could not look`, run.reason ?? '')),
        ...missing.map(({ fact, need }) =>
          detail.text(`not recorded: ${fact}`, need.enable.join('; ')),
        ),
      ],
      next: [
        ...enableSteps([...enable]),
        'Probe offsets are for Linux 6.3 and later; up to 6.2 add 8 to those of mmu_notifier_range.',
      ],
    },
  );
}

function missingSummary(detectors: readonly string[], facts: readonly string[]): string {
  const could =
    detectors.length === 0
      ? 'All detectors could look'
      : `${detectors.length} detector${detectors.length === 1 ? '' : 's'} could not look (${detectors.join(', ')})`;
  return facts.length === 0 ? `${could}.` : `${could}; not recorded: ${facts.join(', ')}.`;
}

function enableSteps(enable: readonly string[]): string[] {
  const probes = enable.filter((line) => /^[pr]\d*:/.test(line));
  const events = enable.filter((line) => !/^[pr]\d*:/.test(line));
  return [
    ...(events.length > 0
      ? [`Record with: trace-cmd record -C mono ${events.map((event) => `-e ${event}`).join(' ')}`]
      : []),
    ...probes.map((line) => `Add to /sys/kernel/tracing/kprobe_events: ${line}`),
  ];
}
