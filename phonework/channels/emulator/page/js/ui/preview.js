// One line of a message, for the chat list and for quotes.
import { t, translated } from '../i18n.js';
import { decodeEntities } from '../markdown/entities.js';
import { mentioned } from '../markdown/marks.js';

function postLines(content) {
  const post = Array.isArray(content?.content) ? content : content?.zh_cn || content?.en_us || Object.values(content || {})[0];
  return { title: typeof post?.title === 'string' ? post.title : '', lines: Array.isArray(post?.content) ? post.content : [] };
}

export const postOf = postLines;

function cardPreview(card) {
  const text = translated(card?.config?.summary) || translated(card?.header?.title);
  const elements = Array.isArray(card?.body?.elements) ? card.body.elements : [];
  const first = elements.find((one) => one?.tag === 'markdown' || one?.tag === 'div');
  return text || plain(translated(first?.content ? first : first?.text));
}

const plain = (markdown) => decodeEntities(String(markdown).replace(/<[^>]{1,200}>/g, '')).replace(/[*`#>~]+/g, '');

function text(message) {
  const content = message.content?.text ?? '';
  return (message.mentions || []).reduce((all, one) => all.replaceAll(one.key, `@${one.name}`), String(content));
}

function pieceText(piece, mentions = []) {
  if (piece?.tag !== 'at') return piece?.text || '';
  const named = mentions.find((one) => one.key === piece.user_id);
  return named ? `@${named.name}` : mentioned(piece.user_id);
}

export function preview(message) {
  if (message.recalled) return t('recalled');
  const content = message.content || {};
  switch (message.msg_type) {
    case 'text':
      return text(message);
    case 'post': {
      const { title, lines } = postLines(content);
      return plain([title, ...lines.flat().map((one) => pieceText(one, message.mentions))].filter(Boolean).join(' '));
    }
    case 'interactive':
      return cardPreview(content) || `[${t('card')}]`;
    case 'image':
      return `[${t('image')}]`;
    case 'audio':
      return `[${t('audio')}]`;
    case 'file':
    case 'media':
      return `[${t('file')}] ${content.file_name || ''}`;
    default:
      return `[${t('message')}]`;
  }
}
