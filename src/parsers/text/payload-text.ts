const REPLACEMENT = '\ufffd';

/** Text as recorded; bytes that are no UTF-8 become the characters of their numbers. */
export function payloadText(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end);
  if (!text.includes(REPLACEMENT)) return text;
  return bytes.toString('latin1', start, end);
}
