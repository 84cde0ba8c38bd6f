/**
 * A mistake of the user or a capture that cannot be read at all: shown as one line, exit code 2.
 * Damaged but readable data is never a TraceError; it becomes a {@link Problem} row.
 */
export class TraceError extends Error {
  override readonly name = 'TraceError';
  /** What to try next, one sentence; printed after the message. */
  readonly hint: string | undefined;

  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
  }
}
