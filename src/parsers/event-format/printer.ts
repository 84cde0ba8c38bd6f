import type { Fields, PrintStyle } from '../parser.ts';
import type { EventFormat } from './format.ts';
import type { Print } from './plugin.ts';
import { compilePrint } from './print.ts';
import type { PrintEnvironment } from './print-environment.ts';

/** One event type to print: its system beside its format. */
export interface PrintedType {
  readonly system: string;
  readonly format: EventFormat;
}

/**
 * Prints events by the index of their type. Compiles a type when it is first printed in a style.
 */
export function createPrinter(
  types: readonly PrintedType[],
  environment: PrintEnvironment,
): (type: number, fields: Fields, style: PrintStyle) => string {
  const compiled = new Map<PrintStyle, (Print | undefined)[]>();
  return (type, fields, style) => {
    let prints = compiled.get(style);
    if (!prints) {
      prints = [];
      compiled.set(style, prints);
    }
    let print = prints[type];
    if (!print) {
      const known = types[type];
      if (!known) return '';
      print = compilePrint(known.system, known.format, environment, style);
      prints[type] = print;
    }
    return print(fields);
  };
}
