import { describe, expect, it } from 'vitest';
import { recordingCommands } from './recording.ts';

describe('recordingCommands', () => {
  it('turns events and probes into commands a shell takes as they are', () => {
    const commands = recordingCommands([
      'sched:sched_process_exit',
      'p:svm/read_begin mmu_interval_read_begin mni=$arg1:x64',
      'r:svm/read_begin_ret mmu_interval_read_begin seq=$retval:u64',
      'f:fp/hmm hmm_range_fault',
    ]);
    expect(commands.split('\n')).toEqual([
      "echo 'p:svm/read_begin mmu_interval_read_begin mni=$arg1:x64' >> /sys/kernel/tracing/kprobe_events",
      "echo 'r:svm/read_begin_ret mmu_interval_read_begin seq=$retval:u64' >> /sys/kernel/tracing/kprobe_events",
      "echo 'f:fp/hmm hmm_range_fault' >> /sys/kernel/tracing/dynamic_events",
      'trace-cmd record -C mono -e svm -e fp -e sched:sched_process_exit',
    ]);
  });

  it('does not run what the reader has to complete', () => {
    const line = 'r:svm/drv_inval_ret <driver>:<invalidate callback> ret=$retval:u8';
    expect(recordingCommands([line])).toBe(`# name the <…>: ${line}`);
  });

  it('keeps what it does not understand as a comment', () => {
    expect(recordingCommands(['boot with CONFIG_X=y'])).toBe('# boot with CONFIG_X=y');
  });
});
