/**
 * The page's only script of ours: draws the plots, makes tables sortable and filterable, and opens
 * the finding an address points to. Without it everything but the plots is still there.
 */
document.documentElement.classList.add('scripted');

/** Styles are ours (report.css): the page's policy forbids the ones the libraries would add. */
const EMBED_OPTIONS = {
  mode: 'vega-lite',
  renderer: 'svg',
  actions: false,
  ast: true,
  defaultStyle: false,
  tooltip: { disableDefaultStyle: true },
  config: {
    font: 'system-ui, sans-serif',
    background: 'transparent',
    view: { stroke: 'transparent' },
    axis: {
      labelColor: 'var(--ink-soft)',
      titleColor: 'var(--ink-soft)',
      titleFontWeight: 'normal',
      domainColor: 'var(--line)',
      tickColor: 'var(--line)',
      gridColor: 'var(--grid)',
      labelFontSize: 12,
      titleFontSize: 12,
    },
  },
};

function drawPlots() {
  const plots = document.getElementById('plots');
  if (!plots) return;
  for (const { id, spec } of JSON.parse(plots.textContent)) {
    globalThis.vegaEmbed(document.getElementById(id), spec, EMBED_OPTIONS);
  }
}

function makeSortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  for (const [index, head] of heads.entries()) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener('click', () => {
      const descending = head.getAttribute('aria-sort') === 'ascending';
      for (const other of heads) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      sortRows(table.tBodies[0], index, descending ? -1 : 1);
    });
  }
}

function sortRows(body, index, direction) {
  const keyed = [...body.rows].map((row) => ({ row, key: sortKey(row.cells[index]) }));
  keyed.sort((a, b) => direction * compareKeys(a.key, b.key));
  body.append(...keyed.map(({ row }) => row));
}

function sortKey(cell) {
  return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
}

function compareKeys(a, b) {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), 'en', { numeric: true });
}

function makeFilterable(details) {
  const input = details.querySelector('input[type="search"]');
  if (!input) return;
  const rows = [...details.querySelectorAll('tbody tr')];
  input.addEventListener('input', () => {
    const wanted = input.value.toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
}

/** The clipboard wants a secure context, which a file is not in every browser: then select the text. */
function makeCopyable(button) {
  const text = button.nextElementSibling;
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(text);
      button.textContent = 'Selected: press Ctrl+C';
    }
  });
}

function openTarget() {
  const id = location.hash.slice(1);
  const target = id && document.getElementById(id);
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
  }
}

drawPlots();
for (const table of document.querySelectorAll('table.sortable')) makeSortable(table);
for (const details of document.querySelectorAll('details.objects')) makeFilterable(details);
for (const button of document.querySelectorAll('button.copy')) makeCopyable(button);
addEventListener('hashchange', openTarget);
openTarget();
