import { small, string, word } from './arguments.ts';
import { sleepState } from './sleepers.ts';
import { kept, rule, type Subsystem } from './subsystem.ts';

/**
 * Tasks: kernel/fork.c, kernel/exit.c, fs/exec.c. Since 6.16 sched_process_exit comes before
 * exit_mm and carries group_dead; before it comes after exit_mm and does not.
 */
export const task: Subsystem = {
  name: 'task',
  events: {
    'sched:sched_process_fork': rule('task.fork', (fields, moment) => ({
      kind: 'task.fork',
      child: small(fields.child_pid) ?? -1,
      childComm: string(fields.child_comm),
      comm: string(fields.parent_comm),
      cloneFlags: undefined,
      ...moment,
    })),
    // Precedes sched_process_fork of the same child by microseconds.
    'task:task_newtask': rule('task.fork', (fields, moment) => ({
      kind: 'task.fork',
      child: small(fields.pid) ?? -1,
      childComm: string(fields.comm),
      comm: undefined,
      cloneFlags: word(fields.clone_flags),
      ...moment,
    })),
    'sched:sched_process_exec': rule('task.exec', (fields, moment) => ({
      kind: 'task.exec',
      filename: string(fields.filename) ?? '',
      oldTid: small(fields.old_pid) ?? moment.tid,
      ...moment,
    })),
    'sched:sched_process_exit': rule('task.exit', (fields, moment) => ({
      kind: 'task.exit',
      comm: string(fields.comm),
      groupDead: truth(small(fields.group_dead)),
      ...moment,
    })),
    'sched:sched_process_free': rule('task.free', (fields, moment) => ({
      kind: 'task.free',
      freed: small(fields.pid) ?? -1,
      ...moment,
    })),
    'task:task_rename': rule('task.rename', (fields, moment) => ({
      kind: 'task.rename',
      target: small(fields.pid) ?? moment.tid,
      comm: string(fields.newcomm) ?? '',
      ...moment,
    })),
    'signal:signal_deliver': rule('signal.deliver', (fields, moment) => ({
      kind: 'signal.deliver',
      signal: small(fields.sig) ?? 0,
      target: moment.tid,
      ...moment,
    })),
    'signal:signal_generate': rule('signal.deliver', (fields, moment) => ({
      kind: 'signal.deliver',
      signal: small(fields.sig) ?? 0,
      target: small(fields.pid) ?? -1,
      ...moment,
    })),
    'oom:mark_victim': rule('oom.victim', (fields, moment) => ({
      kind: 'oom.victim',
      target: small(fields.pid) ?? -1,
      ...moment,
    })),
    // kernel/hung_task.c, just before the lines of the kernel log
    'sched:sched_process_hang': kept,
    'sched:sched_switch': rule('task.off_cpu', (fields, moment, recorded) => {
      const returned = recorded.sleepers.returns(small(fields.next_pid) ?? 0, moment);
      const state = sleepState(fields.prev_state);
      const stays = recorded.sleepers.leaves(small(fields.prev_pid) ?? 0, state, moment);
      if (!stays && returned === undefined) recorded.dropRow();
      return returned;
    }),
    'oom:wake_reaper': kept,
    'oom:start_task_reaping': kept,
    'oom:finish_task_reaping': kept,
    'oom:skip_task_reaping': kept,
  },
};

function truth(value: number | undefined): boolean | undefined {
  return value === undefined ? undefined : value !== 0;
}
