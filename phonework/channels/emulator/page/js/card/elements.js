// Every element of card JSON 2.0 by its tag; one the page does not know is shown as a box that says so.
import { html, useState } from '../lib.js';
import { t } from '../i18n.js';
import { Markdown } from '../markdown/markdown.js';
import { At } from '../markdown/marks.js';
import { Icon } from '../ui/icons.js';
import { holdScroll } from '../ui/scroll.js';
import { Picture } from '../ui/picture.js';
import { Button, InteractiveContainer, Overflow } from './controls.js';
import { DataTable } from './data_table.js';
import { Checker, Form, Input, MultiSelect, Select } from './fields.js';
import { background, list, padding, pixels, position, spacing, textClasses, textOf, word } from './values.js';

const MAX_DEPTH = 12; // Feishu allows 5; a card that is deeper must not freeze the page

const Text = ({ element, message }) =>
  element.tag === 'lark_md' || element.tag === 'markdown'
    ? html`<${Markdown} text=${textOf(element)} messageId=${message.message_id} class=${textClasses(element)} />`
    : html`<div class=${`plain ${textClasses(element)}`}>${textOf(element)}</div>`;

const Div = ({ element, message }) =>
  html`${element.text && html`<${Text} element=${element.text} message=${message} />`}
  ${list(element.fields).map((field) => field.text && html`<${Text} element=${field.text} message=${message} />`)}`;

function Image({ element, message }) {
  return html`<figure class="card-image">
    ${textOf(element.title) && html`<figcaption>${textOf(element.title)}</figcaption>`}
    <${Picture} messageId=${message.message_id} imageKey=${String(element.img_key)} alt=${textOf(element.alt)} />
  </figure>`;
}

const FLEX_MODES = ['none', 'stretch', 'flow', 'bisect', 'trisect'];

function columnStyle(column) {
  const width = pixels(column.width);
  if (width) return { flex: `0 1 ${width}` };
  if (column.width === 'weighted') return { flex: `${Math.max(1, Math.min(5, Number(column.weight) || 1))} 1 0` };
  return { flex: '0 1 auto' };
}

function Column({ element, message, path }) {
  const style = {
    ...columnStyle(element),
    padding: padding(element.padding),
    gap: spacing(element.vertical_spacing),
    justifyContent: position(element.vertical_align),
    alignItems: position(element.horizontal_align),
  };
  return html`<div class=${`column ${background(element.background_style)}`} style=${style}>
    <${Elements} elements=${element.elements} message=${message} path=${path} />
  </div>`;
}

function ColumnSet({ element, message, path }) {
  const style = { gap: spacing(element.horizontal_spacing), justifyContent: position(element.horizontal_align) };
  return html`<div
    class=${`columns flex-${word(element.flex_mode, FLEX_MODES, 'none')} ${background(element.background_style)}`}
    style=${style}
  >
    ${list(element.columns).map(
      (column, index) => html`<${Column} key=${index} element=${column} message=${message} path=${`${path}.c${index}`} />`,
    )}
  </div>`;
}

function Panel({ element, message, path }) {
  const [open, setOpen] = useState(element.expanded === true);
  const header = element.header || {};
  const toggle = () => {
    holdScroll();
    setOpen(!open);
  };
  const title = header.title || { content: '' };
  const left = header.icon_position === 'left';
  return html`<div class=${`panel ${open ? 'open' : ''} ${element.border ? 'bordered' : ''} ${background(element.background_color)}`}>
    <button
      type="button"
      class=${`panel-header ${background(header.background_color)} ${left ? 'icon-left' : ''}`}
      aria-expanded=${open}
      onClick=${toggle}
    >
      <${Text} element=${title} message=${message} />
      <${Icon} name=${left ? 'right' : 'down'} size="16" />
    </button>
    ${open &&
    html`<div class="panel-body" style=${{ padding: padding(element.padding), gap: spacing(element.vertical_spacing) }}>
      <${Elements} elements=${element.elements} message=${message} path=${path} />
    </div>`}
  </div>`;
}

const Unsupported = ({ tag }) =>
  html`<div class="unsupported"><${Icon} name="alert" size="16" /> ${t('unsupported')} <code>${String(tag)}</code></div>`;

const Person = ({ element }) => html`<${At} id=${String(element.user_id)} />`;

const KNOWN = {
  markdown: Text,
  plain_text: Text,
  lark_md: Text,
  div: Div,
  hr: () => html`<hr />`,
  img: Image,
  person: Person,
  column_set: ColumnSet,
  column: Column,
  button: Button,
  overflow: Overflow,
  form: Form,
  input: Input,
  select_static: Select,
  multi_select_static: MultiSelect,
  checker: Checker,
  collapsible_panel: Panel,
  table: DataTable,
  interactive_container: InteractiveContainer,
};

const keyOf = (element, index) => element.element_id || (element.name ? `${element.tag}:${element.name}` : `${element.tag}:${index}`);

/** path: the place in the card, which tells two elements of one card apart. */
export function Elements({ elements, message, path }) {
  if (path.split('.').length > MAX_DEPTH) return html`<${Unsupported} tag="…" />`;
  return list(elements).map((element, index) => {
    const Known = Object.hasOwn(KNOWN, element.tag) ? KNOWN[element.tag] : null;
    const key = keyOf(element, index);
    if (!Known) return html`<${Unsupported} key=${key} tag=${element.tag} />`;
    return html`<${Known} key=${key} element=${element} message=${message} path=${`${path}.${key}`} />`;
  });
}
