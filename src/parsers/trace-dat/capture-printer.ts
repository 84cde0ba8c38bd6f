import type { RecordLayout } from '../event-format/decoder.ts';
import { createPrinter } from '../event-format/printer.ts';
import { parsePrintkFormats } from '../event-format/printk.ts';
import type { Capture } from '../parser.ts';
import type { ProblemLog } from '../problem-log.ts';
import type { TypeFormat } from './event-types.ts';

export type CapturePrinter = ReturnType<typeof createPrinter>;

/** The printer of a capture that carries the kernel's formats; `printk` is its table of bprint formats. */
export function capturePrinter(
  capture: Pick<Capture, 'symbol' | 'comm'>,
  formats: readonly TypeFormat[],
  layout: RecordLayout,
  printk: string,
  problems: ProblemLog,
): CapturePrinter {
  const printkFormats = parsePrintkFormats(printk);
  const types = formats.map(({ type, format }) => ({ system: type.system, format }));
  return createPrinter(types, {
    layout,
    symbol: (address) => capture.symbol(address),
    printk: (address) => printkFormats.get(BigInt.asUintN(64, BigInt(address))),
    comm: (pid) => capture.comm(pid),
    unparsed: (type, reason) =>
      problems.add(
        'unparsed-print-format',
        'info',
        `the print format of ${type} is not understood (${reason}); its fields are shown`,
      ),
  });
}
