/** Breaks a sentence at spaces; a word longer than the width keeps its line to itself. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else {
        line = line === '' ? word : `${line} ${word}`;
      }
    }
    lines.push(line);
  }
  return lines;
}

/** Lines behind a first and a following prefix. */
export function indent(lines: readonly string[], first: string, following: string): string[] {
  return lines.map((line, n) => `${n === 0 ? first : following}${line}`);
}

/** Labels in one column, wrapped text in the other. */
export function columns(rows: readonly (readonly [string, string])[], width: number): string {
  const labelWidth = Math.max(0, ...rows.map(([label]) => label.length)) + 2;
  return rows
    .flatMap(([label, text]) =>
      indent(
        wrap(text, Math.max(20, width - labelWidth)),
        label.padEnd(labelWidth),
        ' '.repeat(labelWidth),
      ),
    )
    .join('\n');
}
