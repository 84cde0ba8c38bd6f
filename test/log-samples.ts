/** Kernel logs in the forms their tools write, with made-up values. */

export const BOOT = '0123456789abcdef0123456789abcdef';
export const OTHER_BOOT = 'fedcba9876543210fedcba9876543210';
/** µs since 1970 of the first entry: 2025-03-03T07:08:09.120345Z. */
export const REALTIME = 1_740_985_689_120_345;

export interface JournalEntry {
  readonly msg: string;
  /** µs of the kernel's own clock. */
  readonly us: number;
  readonly boot?: string;
  /** undefined: the kernel. */
  readonly program?: string;
}

/** A record in several lines, one of another program, one beyond ASCII, one of another boot. */
export const ENTRIES: readonly JournalEntry[] = [
  { msg: 'xe 0000:07:00.0: [drm] Tile0: GT0:\n\tASID: 19\n\tVFID: 0', us: 10_000_001 },
  { msg: 'Started a thing', us: 10_000_002, program: 'systemd' },
  { msg: 'name="Jürgen" = é', us: 10_000_300 },
  { msg: 'after', us: 500, boot: OTHER_BOOT },
];

/** The fields of one entry, a minute behind the one before. */
export function fieldsOf(
  { msg, us, boot = BOOT, program }: JournalEntry,
  index: number,
): Record<string, string> {
  return {
    __CURSOR: `s=0a;i=${index}`,
    __REALTIME_TIMESTAMP: String(REALTIME + index * 60_000_000),
    __MONOTONIC_TIMESTAMP: String(us + 99),
    _BOOT_ID: boot,
    _HOSTNAME: 'rig',
    PRIORITY: '4',
    ...(program === undefined
      ? {
          _TRANSPORT: 'kernel',
          SYSLOG_IDENTIFIER: 'kernel',
          _SOURCE_MONOTONIC_TIMESTAMP: String(us),
        }
      : { _TRANSPORT: 'journal', SYSLOG_IDENTIFIER: program }),
    MESSAGE: msg,
  };
}

type Entries = readonly JournalEntry[];

export function jsonLines(entries: Entries): string[] {
  return entries.map((entry, n) => JSON.stringify(fieldsOf(entry, n)));
}

function prettyObjects(entries: Entries): string[] {
  return entries.map((entry, n) => {
    const members = Object.entries(fieldsOf(entry, n)).map(
      ([name, value]) => `\t${JSON.stringify(name)} : ${JSON.stringify(value)}`,
    );
    return `{\n${members.join(',\n')}\n}\n`;
  });
}

function exported(entries: Entries): Buffer[] {
  return entries.map((entry, n) => {
    const parts = Object.entries(fieldsOf(entry, n)).map(([name, value]) => {
      if (!value.includes('\n')) return Buffer.from(`${name}=${value}\n`);
      const bytes = Buffer.from(value);
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(bytes.length));
      return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, Buffer.from('\n')]);
    });
    return Buffer.concat([...parts, Buffer.from('\n')]);
  });
}

function verbose(entries: Entries): string[] {
  return entries.map((entry, n) => {
    const fields = fieldsOf(entry, n);
    const hex = (name: string) => Number(fields[name]).toString(16);
    const cursor = `s=0a;i=${n + 1};b=${fields._BOOT_ID};m=${hex('__MONOTONIC_TIMESTAMP')};t=${hex('__REALTIME_TIMESTAMP')};x=1f`;
    const lines = Object.entries(fields)
      .filter(([name]) => !name.startsWith('__'))
      .map(([name, value]) => {
        const column = ' '.repeat(4 + name.length + 1);
        return `    ${name}=${value.replaceAll('\n', `\n${column}`)}\n`;
      });
    return `Mon 2025-03-03 07:08:09.120345 CET [${cursor}]\n${lines.join('')}`;
  });
}

/** The forms of journalctl that print all fields, each a list of entries. */
export const JOURNAL_FORMS: Readonly<Record<string, (entries: Entries) => readonly Uint8Array[]>> =
  {
    json: (entries) => jsonLines(entries).map((line) => Buffer.from(`${line}\n`)),
    'json-seq': (entries) => jsonLines(entries).map((line) => Buffer.from(`\u001e${line}\n`)),
    'json-sse': (entries) => jsonLines(entries).map((line) => Buffer.from(`data: ${line}\n\n`)),
    'json-pretty': (entries) => prettyObjects(entries).map((text) => Buffer.from(text)),
    export: exported,
    verbose: (entries) => verbose(entries).map((text) => Buffer.from(text)),
  };

/** Prefixes of lines by what writes them; of a record at `us` on the kernel's clock. */
export const LINE_FORMS: Readonly<Record<string, (us: number) => string>> = {
  dmesg: (us) => `[${seconds(us).padStart(12)}] `,
  'dmesg with level and thread': (us) => `<4>[${seconds(us).padStart(12)}][  T812] `,
  'dmesg -x': (us) => `kern  :warn  : [${seconds(us).padStart(12)}] `,
  'dmesg -T': (us) => `[Mon Mar  3 ${time(us).slice(0, 8)} 2025] `,
  'dmesg -H': (us) => (us % 60_000_000 < 1000 ? '[Mar 3 07:08] ' : '[  +0.000300] '),
  '/dev/kmsg': (us) => `4,17,${us},-,caller=T812;`,
  short: (us) => `Mar 03 ${time(us).slice(0, 8)} rig kernel: `,
  'short-precise': (us) => `Mar 03 ${time(us)} rig kernel: `,
  'short-iso': (us) => `2025-03-03T${time(us).slice(0, 8)}+01:00 rig kernel: `,
  'short-full': (us) => `Mon 2025-03-03 ${time(us).slice(0, 8)} CET rig kernel: `,
  'short-unix': (us) => `${seconds(REALTIME + us)} rig kernel: `,
  'short-monotonic': (us) => `[${seconds(us).padStart(12)}] rig kernel: `,
  both: (us) => `Mar  3 ${time(us).slice(0, 8)} rig kernel: [${seconds(us).padStart(12)}] `,
  quoted: (us) => `> > [${seconds(us).padStart(12)}] `,
  'time of day': (us) => `${time(us)} kernel: `,
};

function seconds(us: number): string {
  return `${Math.floor(us / 1_000_000)}.${String(us % 1_000_000).padStart(6, '0')}`;
}

/** Of a machine that was started at seven. */
function time(us: number): string {
  return new Date(25_200_000 + us / 1000).toISOString().slice(11, 19) + seconds(us).slice(-7);
}

/** One log in each form. */
export const LOG_SAMPLES: readonly (readonly [name: string, log: Buffer])[] = [
  ...Object.entries(JOURNAL_FORMS).map(
    ([name, form]) =>
      [`kernel-log ${name}`, Buffer.concat([...form(ENTRIES), ...form(ENTRIES)])] as const,
  ),
  ...Object.entries(LINE_FORMS).map(
    ([name, head]) => [`kernel-log ${name}`, linesOf(head)] as const,
  ),
];

function linesOf(head: (us: number) => string): Buffer {
  const lines = ENTRIES.map(({ msg, us }) => `${head(us)}${msg}\n`);
  return Buffer.from(`${lines.join('')}...\n-- Reboot --\n\nsome words\n${lines.join('')}`);
}
