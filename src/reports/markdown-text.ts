/**
 * Text for GitHub Flavored Markdown. Names in captures are hostile: none of them may become markup,
 * a link, a mention or a reference, nor end the code it stands in.
 */
import { visible } from './visible.ts';

/** Underscores inside a word are none, and names of the kernel are full of them. */
const MARKUP = /[\\`*{}[\]#|!~$]|(?<![a-z0-9])_+|_+(?![a-z0-9])/gi;
/** What begins a list or a rule, where a block begins. */
const BLOCK_START = /^(?=[-+](?:[\s-]|$))|(?<=^\d{1,9})(?=[.)](?:\s|$))/;
/**
 * What GitHub makes links of after the Markdown is read, whatever was escaped there: mentions and
 * addresses, issues, web addresses; and emoji. A zero width space inside keeps it text.
 */
const LINKED = /@|\\#(?=\d)|\bGH-(?=\d)|\bwww(?=\.)|:(?=\/\/)|:(?=[a-z+-][\w+-]*:)/gi;

/** A sentence or a name inside a paragraph, a heading, an item of a list or a cell of a table. */
export function markdownText(text: string): string {
  return visible(text)
    .trim()
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(MARKUP, (marks) => marks.replaceAll(/./g, '\\$&'))
    .replace(BLOCK_START, '\\')
    .replace(LINKED, '$&&#8203;');
}

/** Lines as they are, in a fence longer than any in them. */
export function markdownCode(lines: readonly string[], language = ''): string {
  const text = lines.join('\n');
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

/** The first row is the heading, which GitHub asks of every table. */
export function markdownTable(
  rows: readonly (readonly string[])[],
  alignment: readonly string[] = [],
): string[] {
  const [head, ...body] = rows.map((row) => `| ${row.map(markdownText).join(' | ')} |`);
  if (head === undefined) return [];
  const rule = (rows[0] ?? []).map((_, n) => alignment[n] ?? '---');
  return [head, `| ${rule.join(' | ')} |`, ...body];
}
