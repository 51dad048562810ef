// A table that scrolls sideways and shows a page of rows at a time, as Feishu's do.
import { html, useState } from '../lib.js';
import { t } from '../i18n.js';
import { Icon } from './icons.js';

const ALIGNED = new Set(['left', 'center', 'right']);
const cell = (Tag) => (one) =>
  html`<${Tag} class=${ALIGNED.has(one.align) ? `align-${one.align}` : ''}>${one.content}<//>`;

function Pager({ page, pages, go }) {
  return html`<div class="pager">
    <button type="button" class="icon-button" disabled=${page === 0} aria-label=${t('previousPage')} onClick=${() => go(page - 1)}>
      <${Icon} name="left" size="14" />
    </button>
    <span>${page + 1} / ${pages}</span>
    <button type="button" class="icon-button" disabled=${page >= pages - 1} aria-label=${t('nextPage')} onClick=${() => go(page + 1)}>
      <${Icon} name="right" size="14" />
    </button>
  </div>`;
}

/** header: [{content, align}]; rows: lists of the same; pageSize: rows at a time. */
export function PagedTable({ header, rows, pageSize = 5 }) {
  const [wanted, setPage] = useState(0);
  const size = Math.max(1, Math.min(10, Number(pageSize) || 5));
  const pages = Math.max(1, Math.ceil(rows.length / size));
  const page = Math.min(wanted, pages - 1);
  const shown = rows.slice(page * size, page * size + size);
  return html`<div class="table">
    <div class="table-scroll" tabindex="0">
      <table>
        <thead>
          <tr>
            ${header.map(cell('th'))}
          </tr>
        </thead>
        <tbody>
          ${shown.map((row) => html`<tr>${row.map(cell('td'))}</tr>`)}
        </tbody>
      </table>
    </div>
    ${pages > 1 && html`<${Pager} page=${page} pages=${pages} go=${setPage} />`}
  </div>`;
}
