/** Tables that are in the page as a whole: sorted by a click on a head, filtered by a search field. */

type SortKey = string | number;

export function makeSortable(table: HTMLTableElement): void {
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
  const [body] = table.tBodies;
  if (body === undefined) return;
  for (const [index, head] of heads.entries()) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener('click', () => {
      const descending = head.getAttribute('aria-sort') === 'ascending';
      for (const other of heads) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      sortRows(body, index, descending ? -1 : 1);
    });
  }
}

function sortRows(body: HTMLTableSectionElement, index: number, direction: 1 | -1): void {
  const keyed = [...body.rows].map((row) => ({ row, key: sortKey(row.cells[index]) }));
  keyed.sort((a, b) => direction * compareKeys(a.key, b.key));
  body.append(...keyed.map(({ row }) => row));
}

function sortKey(cell: HTMLTableCellElement | undefined): SortKey {
  const value = cell?.dataset.value;
  return value === undefined ? (cell?.textContent ?? '') : Number(value);
}

function compareKeys(a: SortKey, b: SortKey): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), 'en', { numeric: true });
}

export function makeFilterable(details: HTMLElement): void {
  const input = details.querySelector<HTMLInputElement>('input[type="search"]');
  if (!input) return;
  const rows = [...details.querySelectorAll<HTMLElement>('tbody tr')];
  input.addEventListener('input', () => {
    const wanted = input.value.toLowerCase();
    for (const row of rows) {
      row.hidden = !(row.textContent ?? '').toLowerCase().includes(wanted);
    }
  });
}
