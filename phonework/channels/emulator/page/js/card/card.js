// A card: its coloured header, its body, and a fence around cards that cannot be drawn.
import { html } from '../lib.js';
import { Component } from '../../vendor/preact.js';
import { t } from '../i18n.js';
import { Markdown } from '../markdown/markdown.js';
import { colorClass } from '../markdown/marks.js';
import { Elements } from './elements.js';
import { list, padding, spacing, textOf } from './values.js';

const TEMPLATES = 'blue wathet turquoise green yellow orange red carmine violet purple indigo grey'.split(' ');

function Title({ value, class: name, messageId }) {
  const text = textOf(value);
  if (!text) return null;
  return value.tag === 'lark_md'
    ? html`<${Markdown} class=${name} text=${text} messageId=${messageId} />`
    : html`<div class=${name}>${text}</div>`;
}

function Header({ header, messageId }) {
  const template = TEMPLATES.includes(header.template) ? header.template : 'default';
  return html`<header class=${`card-header tpl-${template}`}>
    <div class="card-title-row">
      <${Title} class="card-title" value=${header.title} messageId=${messageId} />
      ${list(header.text_tag_list).map(
        (tag) => html`<span class=${`tag ${colorClass(tag.color, 't') || 't-neutral'}`}>${textOf(tag.text)}</span>`,
      )}
    </div>
    <${Title} class="card-subtitle" value=${header.subtitle} messageId=${messageId} />
  </header>`;
}

class Fence extends Component {
  componentDidCatch() {
    this.setState({ failed: true });
  }

  componentDidUpdate(previous) {
    if (this.state.failed && previous.version !== this.props.version) this.setState({ failed: false });
  }

  render({ children }, { failed }) {
    return failed ? html`<div class="unsupported">${t('unsupported')}</div>` : children;
  }
}

/** message: of type interactive, its content the card. */
export function Card({ message }) {
  const card = message.content || {};
  const body = card.body || {};
  const elements = body.elements || card.elements;
  const streaming = card.config?.streaming_mode === true;
  const style = { padding: padding(body.padding), gap: spacing(body.vertical_spacing) };
  return html`<article class=${`card ${streaming ? 'streaming' : ''}`} aria-label=${textOf(card.header?.title) || t('card')}>
    <${Fence} version=${message.version}>
      ${card.header && html`<${Header} header=${card.header} messageId=${message.message_id} />`}
      ${list(elements).length > 0 &&
      html`<div class=${`card-body ${body.direction === 'horizontal' ? 'horizontal' : ''}`} style=${style}>
        <${Elements} elements=${elements} message=${message} path="body" />
      </div>`}
    <//>
  </article>`;
}
