/** What every page is: policy, style, content, scripts last. */
import type { ComponentChildren, VNode } from 'preact';
import { plotLibraries, plotLicences, reportScript, reportStyle } from './assets.ts';
import type { Plot } from './figures/axes.ts';
import { cspHash, InlineJson, InlineScript, InlineStyle } from './inline.tsx';
import type { PageData } from './page-data.ts';

export function Document(props: {
  readonly title: string;
  readonly plots: readonly Plot[];
  /** What its islands share. */
  readonly data?: PageData;
  readonly children: ComponentChildren;
}): VNode {
  const drawn = props.plots.length > 0;
  const scripts = drawn ? [reportScript(), ...plotLibraries()] : [reportScript()];
  const css = reportStyle();
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content={policy(scripts, css)} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{props.title}</title>
        <InlineStyle css={css} />
      </head>
      <body>
        {props.children}
        {props.data !== undefined && <InlineJson id="page-data" data={props.data} />}
        {drawn && <InlineJson id="plots" data={props.plots} />}
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
