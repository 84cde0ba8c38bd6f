/**
 * Bundles what reports run in a browser (src/reports/html/client) into one script beside their style,
 * where src/reports/html/assets.ts reads it. Everything that makes reports from the sources calls it
 * first: `npm run dev`, `npm run build`, `npm run gallery` and the tests.
 */
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUNDLE = join(ROOT, 'src/reports/html/assets/client.js');

export async function buildClient(): Promise<void> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/reports/html/client/main.ts'],
    bundle: true,
    minify: true,
    format: 'iife',
    // an import of a module of Node fails here, not in the reader's browser
    platform: 'browser',
    target: 'es2022',
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  const code = `${licences(metafile)}\n${outputFiles[0]?.text ?? ''}`;
  if (/<\/script|<!--/i.test(code)) throw new Error('the client would end its script element');
  if (existsSync(BUNDLE) && readFileSync(BUNDLE, 'utf8') === code) return;
  // renamed when complete: other test runs may be reading it
  const partial = `${BUNDLE}.${process.pid}`;
  writeFileSync(partial, code);
  renameSync(partial, BUNDLE);
}

/** The notices that the licences of what was bundled ask to keep with every copy. */
function licences(metafile: Metafile): string {
  const packages = new Set(
    Object.keys(metafile.inputs).flatMap(
      (path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? [],
    ),
  );
  const notices = [...packages].sort().map((path) => licence(join(ROOT, path)));
  return `/*!\n${notices.join('\n\n').replaceAll('*/', '* /')}\n*/`;
}

function licence(folder: string): string {
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
  };
  const file = readdirSync(folder).find((candidate) => /^licen[cs]e/i.test(candidate));
  if (file === undefined) throw new Error(`${name} brings no licence`);
  const text = readFileSync(join(folder, file), 'utf8').trim();
  return `${name} ${version}\n${text.replaceAll('\r\n', '\n').replaceAll('\t', '  ')}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildClient();
