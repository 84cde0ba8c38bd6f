/** stdout is the product, stderr is progress and notices; both survive a closed pipe. */
import { colourStyle, plainStyle, type TextStyle } from '../reports/text-style.ts';

export function print(text: string): void {
  process.stdout.write(text);
}

/** One line on stderr. */
export function notice(text: string, quiet = false): void {
  if (!quiet) process.stderr.write(`svm-trace: ${text}\n`);
}

/** https://no-color.org; FORCE_COLOR as in Node. */
function wantsColour(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0';
  return stream.isTTY === true && TERM !== 'dumb';
}

export function stdoutStyle(): TextStyle {
  return wantsColour(process.stdout) ? colourStyle : plainStyle;
}

/** Columns of the terminal, within what can be read; the default for pipes and files. */
export function stdoutWidth(): number {
  return Math.min(140, Math.max(60, process.stdout.columns ?? 100));
}

/** `| head` is no error: what is left is not wanted. */
export function survivePipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit();
    });
  }
}
