/** The only three places where text enters the page without going through preact's escaping. */
import { createHash } from 'node:crypto';
import type { VNode } from 'preact';

/** `code` is one of our own constants or a library's published build, never data of a capture. */
export function InlineScript({ code }: { readonly code: string }): VNode {
  // not as a text node: a script's text must not be entity-escaped
  return <script dangerouslySetInnerHTML={{ __html: code }} />;
}

/** `css` is our own constant. */
export function InlineStyle({ css }: { readonly css: string }): VNode {
  // not as a text node: a style's text must not be entity-escaped
  return <style dangerouslySetInnerHTML={{ __html: css }} />;
}

/** Data for the scripts: never executed, and unable to end its element (see escapeJson). */
export function InlineJson({ id, data }: { readonly id?: string; readonly data: unknown }): VNode {
  const json = { __html: escapeJson(data) };
  // not as a text node, which would read &lt; as such: JSON with <, >, & written as \u escapes
  return <script type="application/json" id={id} dangerouslySetInnerHTML={json} />;
}

/** JSON that is inert inside HTML and inside JavaScript: no `<`, `>`, `&`, U+2028, U+2029. */
export function escapeJson(data: unknown): string {
  return JSON.stringify(data).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The source expression that lets a content security policy accept exactly this inline text. */
export function cspHash(text: string): string {
  return `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;
}
