/** kernel/locking/lockdep.c. After its first report lockdep is off: silence proves nothing. */
import type { LogSource } from './shape.ts';

const LOCKDEP = ['lockdep'] as const;

export const lockdep: LogSource = {
  name: 'lockdep',
  concerns: ({ body }) => /^(?:WARNING: |\[ INFO: )/.test(body),
  heads: [
    {
      class: 'lockdep',
      line: /^(?:WARNING: |\[ INFO: )(?<meaning>possible (?:circular locking dependency|recursive locking|irq lock inversion dependency) detected|inconsistent lock state|\S+-safe -> \S+-unsafe lock order detected)/,
      body: 'needed',
    },
  ],
  parts: [
    { of: LOCKDEP, line: /^(?<comm>.{1,64}?)\/(?<tid>\d+) is trying to acquire lock:/ },
    // `ffff888102 (&prange->lock){+.+.}-{3:3}, at: …` and `-> #1 (fs_reclaim){+.+.}-{0:0}:`
    {
      of: LOCKDEP,
      line: /^(?:-> #\d+|[\da-f]{8,16}|\[?<[\da-f]+>\]?|#\d+: [\da-f]{8,16}) \((?<place>[^{}]{1,80}?)\)\{/,
    },
    { of: LOCKDEP, line: /^stack backtrace:/, last: LOCKDEP },
  ],
};
