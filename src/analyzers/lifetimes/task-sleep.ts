import type { OccurrenceOf } from '../../kernel/occurrence.ts';
import { LONG_SLEEP_NS } from '../../kernel/sleepers.ts';
import type { Table } from '../../store/table.ts';
import { reference, span, text, thread } from './columns.ts';
import type { Lifetime, LifetimeContext, Tracker } from './lifetime.ts';
import type { Mark } from './live-objects.ts';
import { lived, markOf } from './lived.ts';

export const taskSleepTable: Table = {
  name: 'task_sleep',
  doc: 'A thread off its CPU for long: 5 ms or more where it could run or slept uninterruptibly, 200 ms or more where it slept interruptibly; also those that were when the capture ended.',
  columns: [
    thread('tid', 'Thread.'),
    reference('process_id', 'process', 'process.id of that thread.'),
    text(
      'state',
      "'D' = asleep until what it waits for happens, 'S' = asleep, signals wake it, 'R' = it could run and was given no CPU.",
    ),
    ...span('left its CPU', 'ran again'),
  ],
  indexes: [['tid']],
};

/** Where no probe shows what a thread waits for, this shows at least that it does. */
export const taskSleep: Lifetime = {
  kind: 'task-sleep',
  tables: [taskSleepTable],
  track: (context) => trackSleeps(context),
};

type Sleep = OccurrenceOf<'task.off_cpu'>;

function trackSleeps(context: LifetimeContext): Tracker {
  const lasting: Sleep[] = [];
  const emit = (sleep: Sleep, end: Mark | undefined): void => {
    context.emit(taskSleepTable, {
      id: context.nextId(taskSleepTable),
      tid: sleep.sleeper,
      process_id: context.live.processOf(sleep.sleeper)?.id ?? null,
      state: sleep.state,
      ...lived(context, { ts: sleep.since, event: 0 }, end),
      // where it slept interruptibly that event has no row
      start_event: sleep.sinceEvent ?? null,
    });
  };
  return {
    on: {
      'task.off_cpu': (sleep) => {
        if (sleep.over) emit(sleep, markOf(sleep));
        else {
          // at the end of the capture it is too late to make a thread known
          context.live.taskOf(sleep.sleeper);
          lasting.push(sleep);
        }
      },
    },
    finish: (ts) => {
      for (const sleep of lasting) {
        if (ts - sleep.since >= LONG_SLEEP_NS[sleep.state]) emit(sleep, undefined);
      }
    },
  };
}
