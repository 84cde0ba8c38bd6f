import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { TraceError } from '../../errors.ts';

/**
 * What a module exports: a detector, a list of them, or several by name.
 * @throws TraceError when it cannot be loaded or exports nothing.
 */
export async function scriptRules(file: string, path: string): Promise<readonly unknown[]> {
  const module = await load(file, path);
  const exported = Object.values(module).flat();
  // the default export may be one of the named ones
  const found = [...new Set(exported)].filter((one) => typeof one === 'object' && one !== null);
  if (found.length > 0) return found;
  throw new TraceError(`${path} exports no detector`, {
    hint: 'export default { meta: { … }, *detect(view) { … } }: see docs/rules.md',
  });
}

async function load(file: string, path: string): Promise<Record<string, unknown>> {
  try {
    return await importOf(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TraceError(`${path} cannot be loaded: ${why}`, { cause: error });
  }
}

async function importOf(file: string): Promise<Record<string, unknown>> {
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_UNKNOWN_FILE_EXTENSION') throw error;
    return importStripped(file);
  }
}

/** Node before 22.18 knows no types. What is left without them can import nothing but Node's own modules. */
async function importStripped(file: string): Promise<Record<string, unknown>> {
  // loaded when asked for: it is large
  const { transformSync } = (await import('amaro')).default;
  const { code } = transformSync(readFileSync(file, 'utf8'), { mode: 'strip-only' });
  const source = `${code}\n//# sourceURL=${pathToFileURL(file).href}`;
  try {
    return await import(`data:text/javascript;charset=utf-8,${encodeURIComponent(source)}`);
  } catch (error) {
    const isImport = /resolve|specifier|Invalid URL/i.test(String(error));
    if (!isImport) throw error;
    throw new Error(
      'a rule in TypeScript can import types and node: modules only, up to Node 22.18; make it JavaScript',
      { cause: error },
    );
  }
}
