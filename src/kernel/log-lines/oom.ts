/** mm/oom_kill.c and mm/mmu_notifier.c: what the end of memory does to address spaces. */
import type { LogSource } from './shape.ts';

export const oom: LogSource = {
  name: 'oom',
  concerns: ({ body }) => /oom|[Oo]ut of memory|Killed process|blockable context/.test(body),
  heads: [
    { class: 'oom-invoked', line: /^(?<comm>.{1,64}?) invoked oom-killer: / },
    {
      class: 'oom-kill',
      line: /^(?:(?:Memory cgroup o|O)ut of memory[^:]{0,40}: )?Killed process (?<pid>\d+)(?: |, UID:? ?\d+, )\((?<comm>.{0,64}?)\)/,
    },
    {
      class: 'oom-reaped',
      line: /^oom_reaper: reaped process (?<pid>\d+) \((?<comm>.{0,64}?)\)/,
    },
    {
      class: 'oom-reap-failed',
      line: /^oom_reaper: unable to reap pid:(?<pid>\d+) \((?<comm>.{0,64}?)\)/,
    },
    {
      // %pS of the notifier's callback; pr_info, only for notifiers of a whole mm
      class: 'notifier-callback-failed',
      line: /^(?<function>[\w.]+)(?:\+0x[\da-f]+\/0x[\da-f]+)?(?: \[\w+\])? callback failed with (?<errno>-?\d+) in (?<meaning>(?:non-)?blockable) context/,
    },
  ],
};
