import { payloadText } from '../text/payload-text.ts';
import type { TextSource } from '../text/text-source.ts';

const CARRIAGE_RETURN = 13;
/** RFC 2045 6.7: encoded lines have no more characters, the `=` at their end included. */
const MOST_ENCODED = 76;
/** Mail programs fill the lines they break. */
const LEAST_BROKEN = 68;
const MOST_JOINED = 1024 * 1024;

const ESCAPE = '\u001b';
/** dmesg --color=always, journalctl, systemd on the console. */
const COLOUR = new RegExp(`${ESCAPE}\\[[\\d;]*[mK]`, 'g');

export function withoutColour(text: string): string {
  return text.includes(ESCAPE) ? text.replace(COLOUR, '') : text;
}

/** Makes text of a place in bytes. */
export type Decode = (bytes: Buffer, start: number, end: number) => string;

/** The lines of a log from its first on, without what ends them. */
export function* logLines(
  source: TextSource,
  trouble: { cut(): void },
  decode: Decode = payloadText,
): Generator<string, void, undefined> {
  source.rewind();
  do {
    while (source.next()) {
      const { bytes, start } = source;
      let { end } = source;
      while (end > start && bytes[end - 1] === CARRIAGE_RETURN) end--;
      if (source.isCut) trouble.cut();
      yield withoutColour(decode(bytes, start, end));
    }
  } while (source.refill(Number.POSITIVE_INFINITY) >= 0);
}

/** Each byte as a character. */
export function byteCharacters(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('latin1', start, end);
}

/** Whether mail has encoded the text: soft breaks, and no line that is longer than those allow. */
export function isQuotedPrintable(lines: readonly string[]): boolean {
  return (
    lines.some((line) => line.endsWith('=') && line.length >= LEAST_BROKEN) &&
    lines.every((line) => line.length <= MOST_ENCODED)
  );
}

/** The lines that were encoded. */
export function* decodedLines(lines: Iterable<string>): Generator<string, void, undefined> {
  let begun = '';
  for (const line of lines) {
    const isSoft = line.endsWith('=') && begun.length < MOST_JOINED;
    begun += isSoft ? line.slice(0, -1) : line;
    if (isSoft) continue;
    yield unquoted(begun);
    begun = '';
  }
  if (begun !== '') yield unquoted(begun);
}

function unquoted(text: string): string {
  const bytes = Buffer.from(
    text.replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
  return payloadText(bytes, 0, bytes.length);
}
