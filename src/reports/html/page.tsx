/** The document: policy, style, sections in the order a reader asks for them, scripts last. */
import type { VNode } from 'preact';
import type { Result } from '../../analyzers/result.ts';
import { plotLibraries, plotLicences, reportScript, reportStyle } from './assets.ts';
import { CaptureSection } from './capture.tsx';
import { DetectorsSection } from './detectors.tsx';
import { Figures, figuresOf } from './figures/figures.tsx';
import { FindingsSection } from './findings.tsx';
import { cspHash, InlineJson, InlineScript, InlineStyle } from './inline.tsx';
import { DataQuality } from './losses.tsx';
import { ObjectTables } from './objects.tsx';
import { Summary } from './summary.tsx';
import { TimelineDefinitions, TimelineSection } from './timeline/timeline.tsx';

export function Page({ result }: { readonly result: Result }): VNode {
  const figures = figuresOf(result);
  const drawn = figures.some((figure) => figure.plots.length > 0);
  const scripts = drawn ? [...plotLibraries(), reportScript()] : [reportScript()];
  const css = reportStyle();
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content={policy(scripts, css)} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`svm-trace: ${fileName(result.capture.path)}`}</title>
        <InlineStyle css={css} />
      </head>
      <body>
        <TimelineDefinitions />
        <main>
          <Summary result={result} />
          <FindingsSection result={result} />
          <TimelineSection result={result} />
          <Figures figures={figures} />
          <DetectorsSection result={result} />
          <ObjectTables tables={result.objects} />
          <DataQuality losses={result.losses} problems={result.problems} />
          <CaptureSection capture={result.capture} />
        </main>
        <Footer result={result} />
        {drawn && <InlineJson id="plots" data={figures.flatMap((figure) => figure.plots)} />}
        {scripts.map((code) => (
          <InlineScript code={code} />
        ))}
        {drawn && (
          <template id="licences">
            <pre>{plotLicences()}</pre>
          </template>
        )}
      </body>
    </html>
  );
}

/** Nothing may be loaded, and only the scripts and the style written here may act. */
function policy(scripts: readonly string[], css: string): string {
  return [
    "default-src 'none'",
    `script-src ${scripts.map(cspHash).join(' ')}`,
    `style-src ${cspHash(css)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

function Footer({ result }: { readonly result: Result }): VNode {
  return (
    <footer>
      <p>
        Made by {result.tool.name} {result.tool.version}. Times marked + are relative to the first
        event of the capture. Characters that cannot be seen (control, bidi, zero width) are shown
        as \u escapes.
      </p>
    </footer>
  );
}

function fileName(path: string): string {
  return path.split(/[\\/]/).at(-1) || path;
}
