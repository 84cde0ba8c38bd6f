/**
 * The strings of trace_printk(), `0xffffffff81e5f3a8 : "text %d\n"` per line of printk_formats, by
 * address. The quotes and the line break at the end belong to the file, not to the string.
 */
export function parsePrintkFormats(text: string): ReadonlyMap<bigint, string> {
  const formats = new Map<bigint, string>();
  for (const line of text.split('\n')) {
    const [, address, format] = /^\s*(?:0x)?([0-9a-fA-F]{1,16})\s*:\s?(.*)$/.exec(line) ?? [];
    if (address !== undefined && format !== undefined) {
      formats.set(BigInt(`0x${address}`), printkText(format));
    }
  }
  return formats;
}

/** Idempotent: text already stripped stays what it is. */
export function printkText(text: string): string {
  const bare = text.replace(/^"/, '').replace(/"$/, '');
  return bare.replace(/\\n$/, '');
}
