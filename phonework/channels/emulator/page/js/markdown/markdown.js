// Feishu's Markdown to virtual nodes. Text only ever becomes text nodes; tags and links pass a short list of what is known.
import { html, useMemo, createContext, useContext } from '../lib.js';
import { PagedTable } from '../ui/paged_table.js';
import { Picture } from '../ui/picture.js';
import { CodeBlock } from './code.js';
import { decodeEntities } from './entities.js';
import { At, colorClass, Link } from './marks.js';
import { pairTags } from './tags.js';
import { parseMarkdown } from './tokens.js';

const IMAGE_KEY = /^img_[\w-]+$/;
const MESSAGE_OF_IMAGE = createContext(null);

function tagNode({ name, attributes, children }) {
  const inner = inline(children);
  switch (name) {
    case 'br':
      return html`<br />`;
    case 'hr':
      return html`<span class="line" role="separator"></span>`;
    case 'font':
      return html`<span class=${colorClass(attributes.color, 'c')}>${inner}</span>`;
    case 'text_tag':
    case 'number_tag':
      return html`<span class=${`tag ${colorClass(attributes.color || attributes.background_color, 't') || 't-neutral'}`}
        >${inner}</span
      >`;
    case 'at':
    case 'person':
      return html`<${At} id=${attributes.id || attributes.user_id || ''} />`;
    case 'link':
      return html`<${Link} href=${attributes.url || attributes.pc_url}>${inner}<//>`;
    case 'a':
      return html`<${Link} href=${attributes.href}>${inner.length ? inner : attributes.href}<//>`;
    case 'b':
    case 'strong':
      return html`<strong>${inner}</strong>`;
    case 'i':
    case 'em':
      return html`<em>${inner}</em>`;
    case 'u':
      return html`<u>${inner}</u>`;
    default:
      return html`<s>${inner}</s>`;
  }
}

function MarkdownImage({ imageKey, alt }) {
  const messageId = useContext(MESSAGE_OF_IMAGE);
  if (messageId && IMAGE_KEY.test(imageKey)) return html`<${Picture} messageId=${messageId} imageKey=${imageKey} alt=${alt} />`;
  return html`<${Link} href=${imageKey}>${alt || imageKey}<//>`;
}

export const inline = (tokens) => tokens.map(inlineNode);

function inlineNode(token) {
  const inner = () => (token.tokens ? inline(token.tokens) : decodeEntities(token.raw));
  switch (token.type) {
    case 'tag':
      return tagNode(token);
    case 'strong':
      return html`<strong>${inner()}</strong>`;
    case 'em':
      return html`<em>${inner()}</em>`;
    case 'del':
      return html`<s>${inner()}</s>`;
    case 'codespan':
      return html`<code>${token.text}</code>`;
    case 'br':
      return html`<br />`;
    case 'link':
      return html`<${Link} href=${token.href}>${inner()}<//>`;
    case 'image':
      return html`<${MarkdownImage} imageKey=${token.href} alt=${decodeEntities(token.text)} />`;
    case 'escape':
      return token.text;
    case 'checkbox':
      return html`<input type="checkbox" disabled checked=${token.checked} />`;
    default:
      return inner();
  }
}

const cells = (row) => row.map((cell) => ({ content: inline(pairTags(cell.tokens)), align: cell.align }));

function listNode(token) {
  const items = token.items.map((item) => html`<li class=${item.task ? 'task' : ''}>${blocks(item.tokens)}</li>`);
  return token.ordered ? html`<ol start=${token.start}>${items}</ol>` : html`<ul>${items}</ul>`;
}

function blockNode(token) {
  switch (token.type) {
    case 'space':
      return null;
    case 'heading':
      return html`<div class=${`h h${token.depth}`} role="heading" aria-level=${token.depth + 2}>
        ${inline(pairTags(token.tokens))}
      </div>`;
    case 'paragraph':
      return html`<p>${inline(pairTags(token.tokens))}</p>`;
    case 'text':
      return html`<span>${token.tokens ? inline(pairTags(token.tokens)) : decodeEntities(token.raw)}</span>`;
    case 'code':
      return html`<${CodeBlock} code=${token.text.replace(/\n$/, '')} language=${token.lang} />`;
    case 'blockquote':
      return html`<blockquote>${blocks(token.tokens)}</blockquote>`;
    case 'list':
      return listNode(token);
    case 'table':
      return html`<${PagedTable} header=${cells(token.header)} rows=${token.rows.map(cells)} pageSize="5" />`;
    case 'hr':
      return html`<hr />`;
    case 'checkbox':
      return inlineNode(token);
    default:
      return html`<p class="plain">${token.text ?? token.raw}</p>`;
  }
}

const blocks = (tokens) => tokens.map(blockNode);

/** text: Feishu Markdown as sent; messageId: whose images it may name. */
export function Markdown({ text, messageId, class: extra = '' }) {
  const tokens = useMemo(() => parseMarkdown(text), [text]);
  return html`<${MESSAGE_OF_IMAGE.Provider} value=${messageId}>
    <div class=${`md ${extra}`}>${blocks(tokens)}</div>
  <//>`;
}
