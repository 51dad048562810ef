// What a bubble holds, by the type of the message.
import { html } from '../lib.js';
import { t } from '../i18n.js';
import { resourceUrl } from '../api.js';
import { At, Link } from '../markdown/marks.js';
import { PlainText } from '../markdown/text.js';
import { Icon } from './icons.js';
import { Picture } from './picture.js';
import { Rich } from './rich.js';
import { postOf } from './preview.js';

const STYLE_TAGS = { bold: 'strong', italic: 'em', underline: 'u', lineThrough: 's' };

function styled(piece) {
  const names = Array.isArray(piece.style) ? piece.style : [];
  return names.reduce((inner, name) => (STYLE_TAGS[name] ? html`<${STYLE_TAGS[name]}>${inner}<//>` : inner), String(piece.text ?? ''));
}

function postPiece(piece, message) {
  switch (piece?.tag) {
    case 'text':
      return styled(piece);
    case 'a':
      return html`<${Link} href=${piece.href}>${styled(piece)}<//>`;
    case 'at': {
      const mention = (message.mentions || []).find((one) => one.key === piece.user_id);
      return mention ? html`<span class="at">@${mention.name}</span>` : html`<${At} id=${piece.user_id === '@_all' ? 'all' : piece.user_id} />`;
    }
    case 'img':
      return html`<${Picture} messageId=${message.message_id} imageKey=${String(piece.image_key)} />`;
    case 'md':
      return html`<${Rich} part="Markdown" text=${String(piece.text ?? '')} messageId=${message.message_id} />`;
    case 'code_block':
      return html`<${Rich} part="CodeBlock" code=${String(piece.text ?? '').replace(/\n$/, '')} language=${piece.language} />`;
    case 'hr':
      return html`<hr />`;
    case 'emotion':
      return html`<span class="chip">${piece.emoji_type}</span>`;
    default:
      return html`<span class="unsupported">${t('unsupported')} <code>${String(piece?.tag)}</code></span>`;
  }
}

function Post({ message }) {
  const { title, lines } = postOf(message.content);
  return html`<div class="post">
    ${title && html`<div class="post-title">${title}</div>`}
    ${lines.map((line) => html`<div class="post-line">${(Array.isArray(line) ? line : [line]).map((piece) => postPiece(piece, message))}</div>`)}
  </div>`;
}

const extension = (name) => (/\.([a-z\d]{1,5})$/i.exec(name)?.[1] || '').toUpperCase();

function File({ message }) {
  const name = message.content.file_name || message.content.file_key;
  return html`<a
    class="file"
    href=${resourceUrl(message.message_id, message.content.file_key)}
    download=${name}
    aria-label=${`${t('download')} ${name}`}
  >
    <span class="file-icon"><${Icon} name="file" size="30" /><small>${extension(name)}</small></span>
    <span class="file-name">${name}</span>
    <${Icon} name="download" size="18" />
  </a>`;
}

function Audio({ message }) {
  const seconds = Math.round((Number(message.content.duration) || 0) / 1000);
  return html`<div class="audio">
    <${Icon} name="audio" size="18" />
    <audio controls preload="none" src=${resourceUrl(message.message_id, message.content.file_key)}></audio>
    ${seconds > 0 && html`<small>${seconds}″</small>`}
  </div>`;
}

/** Types that stand by themselves, without a bubble around them. */
export const isBare = (message) => ['interactive', 'image', 'file', 'media'].includes(message.msg_type) && !message.recalled;

export function Content({ message }) {
  const content = message.content || {};
  switch (message.msg_type) {
    case 'text':
      return html`<${PlainText} text=${String(content.text ?? '')} mentions=${message.mentions} tagsAllowed=${message.sender.type === 'app'} />`;
    case 'post':
      return html`<${Post} message=${message} />`;
    case 'interactive':
      return html`<${Rich} part="Card" message=${message} />`;
    case 'image':
      return html`<${Picture} class="picture-message" messageId=${message.message_id} imageKey=${String(content.image_key)} alt=${t('image')} />`;
    case 'audio':
      return html`<${Audio} message=${message} />`;
    case 'file':
    case 'media':
      return html`<${File} message=${message} />`;
    default:
      return html`<div class="unsupported">${t('unsupportedMessage')} <code>${message.msg_type}</code></div>`;
  }
}
