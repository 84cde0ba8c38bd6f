export interface HexDumpOptions {
  readonly prefix: string;
  readonly rowSize: number;
  readonly groupSize: number;
  readonly ascii: boolean;
  readonly littleEndian: boolean;
}

/** __print_hex_dump: lines as lib/hexdump.c, hex_dump_to_buffer makes them, after a line break. */
export function hexDump(bytes: Uint8Array, options: HexDumpOptions): string {
  const row = options.rowSize === 32 ? 32 : 16;
  let text = '\n';
  for (let at = 0; at < bytes.length; at += row) {
    text += `${options.prefix}${hexRow(bytes.subarray(at, at + row), row, options)}\n`;
  }
  return text;
}

function hexRow(bytes: Uint8Array, row: number, options: HexDumpOptions): string {
  const fits = [2, 4, 8].includes(options.groupSize) && bytes.length % options.groupSize === 0;
  const group = fits ? options.groupSize : 1;
  const groups: string[] = [];
  for (let at = 0; at < bytes.length; at += group) {
    const part = Array.from(bytes.subarray(at, at + group));
    if (options.littleEndian) part.reverse();
    groups.push(part.map((byte) => byte.toString(16).padStart(2, '0')).join(''));
  }
  const hex = groups.join(' ');
  if (!options.ascii) return hex;
  const width = row * 2 + row / group + 1;
  const characters = Array.from(bytes, (byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.',
  );
  return hex.padEnd(width) + characters.join('');
}
