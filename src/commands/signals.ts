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

/** Turns the first signal into an abort, so that temporary files go; the second one kills. */
export function listenForSignals(): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const stop = (): void => {
    for (const name of SIGNALS) process.off(name, abort);
  };
  const abort = (name: NodeJS.Signals): void => {
    stop();
    controller.abort(new Interrupted(name));
  };
  for (const name of SIGNALS) process.on(name, abort);
  return { signal: controller.signal, stop };
}
