// The table element: typed columns, rows by column name.
import { html } from '../lib.js';
import { fullTime } from '../i18n.js';
import { Markdown } from '../markdown/markdown.js';
import { At, colorClass } from '../markdown/marks.js';
import { PagedTable } from '../ui/paged_table.js';
import { list, textOf } from './values.js';

const asList = (value) => (Array.isArray(value) ? value : value == null ? [] : [value]);

function number(value, format = {}) {
  const amount = Number(value);
  if (!Number.isFinite(amount)) return String(value ?? '');
  const digits = Number.isInteger(format?.precision) ? Math.min(10, Math.max(0, format.precision)) : undefined;
  const text = amount.toLocaleString('en-US', {
    useGrouping: format?.separator === true,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits ?? 10,
  });
  return `${format?.symbol || ''}${text}`;
}

function content(value, column, messageId) {
  switch (column.data_type) {
    case 'number':
      return number(value, column.format);
    case 'date':
      return Number.isFinite(Number(value)) && value !== null ? fullTime(Number(value)) : String(value ?? '');
    case 'options':
      return asList(value).map(
        (one) => html`<span class=${`tag ${colorClass(one?.color, 't') || 't-neutral'}`}>${one?.text ?? String(one)}</span> `,
      );
    case 'persons':
      return asList(value).map((id) => html`<${At} id=${String(id)} /> `);
    case 'lark_md':
    case 'markdown':
      return html`<${Markdown} text=${String(value ?? '')} messageId=${messageId} />`;
    default:
      return typeof value === 'object' ? textOf(value) : String(value ?? '');
  }
}

export function DataTable({ element, message }) {
  const columns = list(element.columns);
  const align = (column) => column.horizontal_align || (column.data_type === 'number' ? 'right' : undefined);
  const header = columns.map((column) => ({ content: column.display_name || column.name, align: align(column) }));
  const rows = list(element.rows).map((row) =>
    columns.map((column) => ({ content: content(row[column.name], column, message.message_id), align: align(column) })),
  );
  return html`<${PagedTable} header=${header} rows=${rows} pageSize=${element.page_size || 5} />`;
}
