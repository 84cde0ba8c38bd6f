import { constants } from 'node:os';

/** Thrown where work was given up because the user or the system asked for it. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  /** 128 + number of the signal, as shells expect it. */
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super('interrupted; nothing was kept');
    this.exitCode = 128 + constants.signals[signal];
  }
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

export interface Signals {
  /** Aborted when all is to be given up. */
  readonly signal: AbortSignal;
  /** Aborted when a stream is to end, so that what came so far can be used. */
  readonly finish: AbortSignal;
  stop(): void;
}

/**
 * Turns the first signal into an abort, so that temporary files go; the second one kills. While
 * `canFinish` says so, Ctrl-C only ends the stream that is being read, and counts as none.
 */
export function listenForSignals(canFinish: () => boolean = () => false): Signals {
  const abortion = new AbortController();
  const finishing = new AbortController();
  const stop = (): void => {
    for (const name of SIGNALS) process.off(name, hear);
  };
  const hear = (name: NodeJS.Signals): void => {
    if (name === 'SIGINT' && !finishing.signal.aborted && canFinish()) {
      finishing.abort();
      return;
    }
    stop();
    abortion.abort(new Interrupted(name));
  };
  for (const name of SIGNALS) process.on(name, hear);
  return { signal: abortion.signal, finish: finishing.signal, stop };
}
