import type { PrintStyle } from '../parser.ts';
import { compileBprint } from './bprint.ts';
import type { Scope } from './evaluate.ts';
import type { EventFormat } from './format.ts';
import type { Print } from './plugin.ts';
import { PLUGINS } from './plugins.ts';
import type { PrintEnvironment } from './print-environment.ts';
import { compilePrintFormat, type PrintItem } from './print-format.ts';
import { compileRawPrint } from './print-raw.ts';

/**
 * Compiles how one event type prints in a style of `trace-cmd report`. Never throws: where the
 * print format cannot be parsed the fields are printed, and the environment is told.
 */
export function compilePrint(
  system: string,
  format: EventFormat,
  environment: PrintEnvironment,
  style: PrintStyle,
): Print {
  const scope: Scope = { format, environment };
  const isBprint = system === 'ftrace' && format.name === 'bprint';
  const items = isBprint ? undefined : parsedItems(system, scope);
  const raw = compileRawPrint(scope, items);
  const pretty = isBprint ? compileBprint(scope) : items ? joined(items) : failed(raw);
  const plugin = style === 'plugins' ? PLUGINS[`${system}:${format.name}`] : undefined;
  return style === 'raw' ? raw : guarded(plugin?.(scope, pretty) ?? pretty, raw);
}

function parsedItems(system: string, scope: Scope): PrintItem[] | undefined {
  try {
    return compilePrintFormat(scope);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    scope.environment.unparsed?.(`${system}:${scope.format.name}`, reason);
    return undefined;
  }
}

function joined(items: readonly PrintItem[]): Print {
  const parts = items.map((item) => ('text' in item ? item.text : item.print));
  return (fields) => {
    let text = '';
    for (const part of parts) text += typeof part === 'string' ? part : part(fields);
    return text;
  };
}

function failed(raw: Print): Print {
  return (fields) => `[FAILED TO PARSE]${raw(fields)}`;
}

/** Fields of another shape than the format says (a row changed by hand) must not end the report. */
function guarded(print: Print, raw: Print): Print {
  return (fields) => {
    try {
      return print(fields);
    } catch {
      return raw(fields);
    }
  };
}
