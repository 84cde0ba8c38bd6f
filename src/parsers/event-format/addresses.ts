import { integerAt } from './memory.ts';

/** Network addresses as lib/vsprintf.c prints them. */

const AF_INET = 2;
const AF_INET6 = 10;

/** %pM `00:01:…`, %pMF with dashes, %pm bare; R reverses. */
export function addressText(bytes: Uint8Array, pointer: string): string {
  if (bytes.length < 6) return 'INVALIDMAC';
  const ordered = Array.from(bytes.subarray(0, 6));
  if (pointer.endsWith('R')) ordered.reverse();
  const separator = pointer[0] === 'm' ? '' : pointer.endsWith('F') ? '-' : ':';
  return ordered.map((byte) => byte.toString(16).padStart(2, '0')).join(separator);
}

/** %pI4 `1.2.3.4`, %pi4 `001.002.003.004`; h and l are host and little-endian order. */
export function ip4Text(bytes: Uint8Array, pointer: string): string {
  if (bytes.length < 4) return 'INVALIDIPv4';
  const ordered = Array.from(bytes.subarray(0, 4));
  if (/[hl]$/.test(pointer)) ordered.reverse();
  const texts = ordered.map((byte) => String(byte).padStart(pointer[0] === 'i' ? 3 : 1, '0'));
  return texts.join('.');
}

/** %pI6 in full, %pI6c compressed (RFC 5952), %pi6 without colons. */
export function ip6Text(bytes: Uint8Array, pointer: string): string {
  if (bytes.length < 16) return 'INVALIDIPv6';
  const groups: number[] = [];
  for (let at = 0; at < 16; at += 2) groups.push(((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
  if (pointer.endsWith('c')) return compressed(groups, bytes);
  const separator = pointer[0] === 'i' ? '' : ':';
  return groups.map((group) => group.toString(16).padStart(4, '0')).join(separator);
}

function compressed(groups: readonly number[], bytes: Uint8Array): string {
  // Addresses that carry an IPv4 address show it: ::ffff:1.2.3.4 and ISATAP.
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  const isatap = ((groups[4] ?? 0) | 0x0200) === 0x0200 && groups[5] === 0x5efe;
  const shown = mapped || isatap ? groups.slice(0, 6) : groups;
  const [start, length] = longestZeros(shown);
  const texts = shown.map((group) => group.toString(16));
  const tail = mapped || isatap ? [Array.from(bytes.subarray(12, 16)).join('.')] : [];
  if (length < 2) return [...texts, ...tail].join(':');
  const before = texts.slice(0, start).join(':');
  return `${before}::${[...texts.slice(start + length), ...tail].join(':')}`;
}

function longestZeros(groups: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best[1]) best = [start, length];
  }
  return best;
}

/** %pIS: struct sockaddr of either family; p adds the port, c compresses. */
export function sockaddrText(bytes: Uint8Array, pointer: string, littleEndian: boolean): string {
  const family = integerAt(bytes, 0, 2, littleEndian);
  const options = pointer.slice(2);
  const port = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
  if (family === AF_INET) {
    const text = ip4Text(bytes.subarray(4), `${pointer[0]}4`);
    return options.includes('p') ? `${text}:${port}` : text;
  }
  if (family === AF_INET6) {
    const compress = options.includes('c') ? 'c' : '';
    const text = ip6Text(bytes.subarray(8), `${pointer[0]}6${compress}`);
    return options.includes('p') ? `[${text}]:${port}` : text;
  }
  return '';
}
