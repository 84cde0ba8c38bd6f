import type { ResultLoss } from '../analyzers/result.ts';
import { counted } from './units.ts';

/** Whether the recording is complete, in a few words. */
export function lossSentence(all: readonly ResultLoss[]): string {
  // an input of several that ended before the others lost nothing
  const losses = all.filter((loss) => loss.kind !== 'ended');
  if (losses.length === 0) return 'No lost events';
  const known = losses.reduce((sum, loss) => sum + (loss.events ?? 0), 0);
  const unknown = losses.some((loss) => loss.events === null);
  const cpus = [...new Set(losses.map((loss) => loss.cpu))].sort((a, b) => a - b);
  const amount = known === 0 ? 'Events' : `${unknown ? 'At least ' : ''}${counted(known, 'event')}`;
  // some recorders do not say where
  if (cpus.some((cpu) => cpu < 0)) return `${amount} lost`;
  return `${amount} lost on ${cpus.length === 1 ? 'CPU' : 'CPUs'} ${cpus.join(', ')}`;
}
