// Plain text messages: bare links, mentions, and in the bot's texts the few tags and links which Feishu allows there.
import { html } from '../lib.js';
import { At, Link } from './marks.js';
import { matchTag, pairTags } from './tags.js';

const SPECIAL = /https?:\/\/[^\s<>"'`，。；！？（）【】《》]+[^\s<>"'`，。；！？（）【】《》.,;:!?)\]}]|\[[^\]\n]{1,200}\]\(https?:\/\/[^\s)]{1,2000}\)|<\/?[a-z]\w{0,10}[^<>]{0,300}>|@_(?:user_\d+|all)/gi;
const STYLES = { b: 'strong', strong: 'strong', i: 'em', em: 'em', u: 'u', s: 's', del: 's' };

function special(part, mentions, tagsAllowed) {
  if (part.startsWith('@_')) {
    if (part === '@_all') return { type: 'at', id: 'all' };
    const mention = mentions.find((one) => one.key === part);
    return mention ? { type: 'name', text: mention.name } : part;
  }
  if (part.startsWith('http')) return { type: 'link', href: part, text: part };
  if (!tagsAllowed) return part;
  if (part.startsWith('[')) {
    const [, text, href] = /^\[([^\]]*)\]\((.*)\)$/.exec(part);
    return { type: 'link', href, text };
  }
  const tag = matchTag(part);
  return tag && (STYLES[tag.name] || tag.name === 'at') ? tag : part;
}

function pieces(text, mentions, tagsAllowed) {
  const list = [];
  let end = 0;
  for (const match of text.matchAll(SPECIAL)) {
    list.push(text.slice(end, match.index), special(match[0], mentions, tagsAllowed));
    end = match.index + match[0].length;
  }
  list.push(text.slice(end));
  return list.map((one) => (typeof one === 'string' ? { type: 'string', text: one } : one));
}

function node(piece) {
  switch (piece.type) {
    case 'link':
      return html`<${Link} href=${piece.href}>${piece.text}<//>`;
    case 'at':
      return html`<${At} id=${piece.id} />`;
    case 'name':
      return html`<span class="at">@${piece.text}</span>`;
    case 'tag':
      if (piece.name === 'at') return html`<${At} id=${piece.attributes.user_id || piece.attributes.id || ''} />`;
      return html`<${STYLES[piece.name]}>${piece.children.map(node)}<//>`;
    default:
      return piece.text;
  }
}

export function PlainText({ text, mentions = [], tagsAllowed = false }) {
  return html`<div class="plain">${pairTags(pieces(text, mentions, tagsAllowed)).map(node)}</div>`;
}
