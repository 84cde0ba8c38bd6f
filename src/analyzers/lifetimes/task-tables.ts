import type { Row, Table } from '../../store/table.ts';
import { counter, integer, moment, ordinal, reference, span, text, yesNo } from './columns.ts';
import type { LifetimeContext } from './lifetime.ts';
import type { LiveProcess, LiveTask } from './live-objects.ts';
import { flag, lived } from './lived.ts';

export const taskTable: Table = {
  name: 'task',
  doc: 'A thread. A tid is reused, so (tid, generation) is its identity.',
  label: "coalesce(comm || '-', '') || tid",
  columns: [
    integer('tid', 'Thread id in the initial pid namespace.'),
    integer('generation', 'How many earlier threads of the capture had this tid.'),
    text('comm', 'Last known name; a label, never an identity.'),
    reference(
      'process_id',
      'process',
      'process.id it belongs to; NULL = its thread group is not known.',
    ),
    reference(
      'parent_task_id',
      'task',
      'task.id of the task that forked it; NULL = born before the capture.',
    ),
    yesNo('is_thread', '1 = thread of an existing group, 0 = leader; NULL = unknown.'),
    ordinal('exit_event', 'sched_process_exit of this thread.'),
    ...span('sched_process_fork', 'sched_process_exit of this thread'),
  ],
  indexes: [['tid'], ['process_id']],
};

export const processTable: Table = {
  name: 'process',
  doc: 'A thread group. A pid is reused, so (pid, generation) is its identity.',
  label: "coalesce(comm || '-', '') || pid",
  columns: [
    integer('pid', 'tid of the group leader in the initial pid namespace.'),
    integer('generation', 'How many earlier processes of the capture had this pid.'),
    reference(
      'merged_into',
      'process',
      'process.id of the process it turned out to be threads of, whose values it repeats; NULL = a process of its own.',
    ),
    text('comm', 'Last known name of the leader.'),
    yesNo(
      'group_dead_known',
      '1 = the kernel said when the whole group was dead (group_dead, 6.16 and later).',
    ),
    counter('threads', 'Threads seen to belong to it, the leader included.'),
    counter('execs', 'How often it called execve.'),
    moment(
      'leader_exit_ts',
      'sched_process_exit of the leader, relative ns; its threads may live on.',
    ),
    ordinal('leader_exit_event', 'That event.'),
    moment(
      'killed_ts',
      'SIGKILL was delivered or it was chosen by the OOM killer, relative ns; NULL = not seen.',
    ),
    moment(
      'files_closed_ts',
      'First sign that its files were closed after death, relative ns; NULL = unknown.',
    ),
    ordinal('files_closed_event', 'That event.'),
    ...span(
      'sched_process_fork',
      'death of the whole group: group_dead, else the exit of its last known thread confirmed by the end of its mm',
    ),
  ],
  indexes: [['pid']],
};

export function taskRow(task: LiveTask, context: LifetimeContext): Row {
  return {
    id: task.id,
    tid: task.tid,
    generation: task.generation,
    comm: task.comm ?? null,
    process_id: task.process.id,
    parent_task_id: task.parentId ?? null,
    is_thread: flag(task.isThread),
    exit_event: task.exited?.event ?? null,
    ...lived(context, task.born, task.exited),
  };
}

/** `id` is the process's own, or one under which its threads were known before. */
export function processRow(process: LiveProcess, id: number, context: LifetimeContext): Row {
  return {
    id,
    merged_into: id === process.id ? null : process.id,
    pid: process.pid,
    generation: process.generation,
    comm: process.comm ?? null,
    group_dead_known: flag(process.groupDeadKnown),
    threads: process.threadsSeen,
    execs: process.execs,
    leader_exit_ts: process.leaderExited?.ts ?? null,
    leader_exit_event: process.leaderExited?.event ?? null,
    killed_ts: process.killed?.ts ?? null,
    files_closed_ts: process.filesClosed?.ts ?? null,
    files_closed_event: process.filesClosed?.event ?? null,
    ...lived(context, process.forked, process.died),
  };
}
