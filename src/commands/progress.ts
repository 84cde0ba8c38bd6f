/** How far long work has come, 0 to 1. */
export interface Progress {
  update(part: number): void;
  stop(): void;
}

const silent: Progress = { update() {}, stop() {} };

/** Work that is done sooner than this shows no bar. */
const PATIENCE_MS = 500;

/** A bar on stderr; nothing when that is no terminal or nobody wants to see it. */
export async function startProgress(title: string, quiet: boolean): Promise<Progress> {
  if (quiet || process.stderr.isTTY !== true) return silent;
  const { Presets, SingleBar } = await import('cli-progress');
  const bar = new SingleBar(
    {
      format: `${title} {bar} {percentage}% {duration_formatted}`,
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: true,
    },
    Presets.shades_classic,
  );
  const started = performance.now();
  let shown = false;
  return {
    update(part) {
      if (!shown && performance.now() - started < PATIENCE_MS) return;
      if (!shown) bar.start(1000, 0);
      shown = true;
      bar.update(Math.round(part * 1000));
    },
    stop() {
      if (shown) bar.stop();
    },
  };
}
