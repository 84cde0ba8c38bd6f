/**
 * Joins the program and the library, with what they import, into a few files under dist/: resolving
 * and reading 400 modules one by one took Node longer (0.2 s) than a small capture takes to analyse.
 * Kept apart are the parts that are loaded on demand, and the packages that are more than JavaScript
 * modules: the native SQLite, and the plot libraries whose browser builds reports carry.
 */
import { cpSync } from 'node:fs';
import { build } from 'esbuild';

await build({
  entryPoints: ['src/cli.ts', 'src/index.ts'],
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: ['better-sqlite3', 'vega', 'vega-lite', 'vega-embed'],
  // CommonJS packages among those bundled ask for Node's own modules by require().
  banner: {
    js: 'import { createRequire as createRequireOfBundle } from "node:module";\nconst require = createRequireOfBundle(import.meta.url);',
  },
  legalComments: 'inline',
  logLevel: 'warning',
});
// Found beside the module that reads them, which is now a file of dist/ itself.
cpSync('src/reports/html/assets', 'dist/assets', { recursive: true });
