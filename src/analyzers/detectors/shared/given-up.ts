/** Waits of drivers that ended before the fence signalled, as far as the recording shows signals. */
import type { View } from '../../detector.ts';
import type { Confidence, FindingDraft } from '../../finding.ts';
import { mayBeMissing, signalsShow } from './incomplete.ts';
import { duration } from './wording.ts';

export interface Judgement {
  readonly severity: FindingDraft['severity'];
  readonly confidence: Confidence;
  readonly fate: string;
}

interface VainWait {
  readonly wait_ns: number;
  readonly wait_ret: number | null;
  readonly lossy: number | null;
}

/** Where the signal may be missing from the recording the wait may have ended well. */
export function judgeVainWait(view: View, row: VainWait): Judgement {
  const waited = view.clock.unit === 'ns' ? ` after ${duration(row.wait_ns)}` : '';
  const seen = signalsShow(view) || (row.wait_ret !== null && !view.perTask);
  if (seen && !mayBeMissing(view, row.lossy)) {
    return {
      severity: 'error',
      confidence: 'likely',
      fate: `the driver gave up waiting${waited}, so that the range went while the job may still have used it`,
    };
  }
  const why = seen ? 'events are missing' : 'it would not be seen';
  return {
    severity: 'info',
    confidence: 'suspect',
    fate: `no signal of it is in this recording, where ${why}, though the driver stopped waiting${waited}`,
  };
}
