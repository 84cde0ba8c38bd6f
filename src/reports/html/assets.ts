/** What is inlined into every report: our style and script, and the builds of the plot libraries. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** In the order they are read: what comes later wins. Widths and paper change all that is before them. */
const STYLES = [
  'base',
  'first-screen',
  'incidents',
  'tables',
  'timeline',
  'figures',
  'detectors',
  'comparison',
  'widths',
  'print',
] as const;

export function reportStyle(): string {
  return STYLES.map((name) =>
    readFileSync(new URL(`./assets/${name}.css`, import.meta.url), 'utf8'),
  ).join('\n');
}

/** Bundled by scripts/build-client.ts. */
export function reportScript(): string {
  const bundle = new URL('./assets/client.js', import.meta.url);
  try {
    return readFileSync(bundle, 'utf8');
  } catch (cause) {
    throw new Error('the script of reports is not built: npm run client', { cause });
  }
}

/** In loading order: each expects the globals of those before it. */
export function plotLibraries(): readonly string[] {
  return [
    readBuild('vega', 'vega.min.js'),
    readBuild('vega-lite', 'vega-lite.min.js'),
    readBuild('vega-embed', 'vega-embed.min.js'),
  ];
}

/** The notices their BSD licence asks to keep with every copy. */
export function plotLicences(): string {
  return ['vega', 'vega-lite', 'vega-embed']
    .map((name) => `${name}\n${readBuild(name, '../LICENSE').trim()}`)
    .join('\n\n');
}

/** Their `exports` name only the module builds; the browser builds lie beside them. */
function readBuild(name: string, file: string): string {
  return readFileSync(join(dirname(require.resolve(name)), file), 'utf8');
}
