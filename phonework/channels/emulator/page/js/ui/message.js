// A message in its row: who, what, what it answers, how people reacted, and what one can do with it.
import { html } from '../lib.js';
import { clockTime, fullTime, t } from '../i18n.js';
import { findMessage, me, openThreadId, replyTo, resend, users, bot } from '../store.js';
import * as api from '../api.js';
import { Content, isBare } from './content.js';
import { copyText } from './copy.js';
import { Avatar, Icon, Spinner } from './icons.js';
import { preview } from './preview.js';
import { toast } from './toast.js';

const nameOf = (openId) =>
  bot.value.open_id === openId ? bot.value.name : users.value.find((user) => user.open_id === openId)?.name || openId;

function Quote({ messageId }) {
  const original = findMessage(messageId);
  const jump = () => {
    const row = document.getElementById(`m-${messageId}`);
    row?.scrollIntoView({ block: 'center' });
    row?.classList.add('flash');
    setTimeout(() => row?.classList.remove('flash'), 1200);
  };
  return html`<button type="button" class="quote" onClick=${jump} disabled=${!original}>
    ${original ? html`<b>${original.sender.name}:</b> ${preview(original).slice(0, 160)}` : t('quoteGone')}
  </button>`;
}

const REACTIONS = { DONE: 'check', CheckMark: 'check', CrossMark: 'close', THUMBSUP: 'up', Alarm: 'clock', OneSecond: 'clock', ERROR: 'alert', OnIt: 'up' };

function Reactions({ reactions }) {
  const groups = Map.groupBy(reactions, (one) => one.emoji);
  return html`<div class="reactions">
    ${[...groups].map(([emoji, all]) => {
      const names = all.map((one) => nameOf(one.open_id)).join(', ');
      const icon = Object.hasOwn(REACTIONS, emoji) && REACTIONS[emoji];
      return html`<span key=${emoji} class="reaction" title=${`${emoji} · ${names}`} aria-label=${`${emoji}: ${names}`}>
        ${emoji === 'Typing' ? html`<span class="typing" aria-hidden="true"><i></i><i></i><i></i></span>` : icon ? html`<${Icon} name=${icon} size="14" />` : emoji}
        ${all.length > 1 && html`<small>${all.length}</small>`}
      </span>`;
    })}
  </div>`;
}

function plainOf(message) {
  if (message.msg_type === 'text') return String(message.content?.text ?? '');
  return document.getElementById(`m-${message.message_id}`)?.querySelector('.bubble')?.innerText || '';
}

async function recallMessage(message) {
  try {
    await api.recallMessage(me.value.open_id, message.message_id);
  } catch (error) {
    toast('error', t('failed'), error.status || undefined);
  }
}

function Actions({ message, own }) {
  const reply = () => {
    replyTo.value = message.message_id;
    document.querySelector('.composer textarea')?.focus();
  };
  const copy = async () => (await copyText(plainOf(message))) && toast('success', t('copied'));
  const one = (name, label, run) =>
    html`<button type="button" class="icon-button" aria-label=${label} title=${label} onClick=${run}><${Icon} name=${name} size="16" /></button>`;
  return html`<div class="actions">
    ${one('reply', t('reply'), reply)} ${one('copy', t('copy'), copy)} ${own && one('recall', t('recall'), () => recallMessage(message))}
  </div>`;
}

const isSet = (mark) => (Array.isArray(mark) ? mark.length > 0 : Boolean(mark));

const Marks = ({ message }) =>
  (isSet(message.urgent) || isSet(message.pinned)) &&
  html`<div class="marks">
    ${isSet(message.urgent) && html`<span class="tag t-red">${t('urgent')}</span>`}
    ${isSet(message.pinned) && html`<span class="tag t-orange">${t('pinned')}</span>`}
  </div>`;

const isOwn = (message) => message.sender.type === 'user' && message.sender.open_id === me.value?.open_id;

/** continued: whether the message before is by the same sender, so that name and picture need not be repeated. */
export function Message({ message, continued, inGroup }) {
  const own = isOwn(message);
  const isBot = message.sender.type === 'app';
  if (message.recalled) {
    return html`<div class="notice" id=${`m-${message.message_id}`} data-message=${message.message_id}>${message.sender.name} · ${t('recalled')}</div>`;
  }
  return html`<div
    class=${`row ${own ? 'own' : 'other'} ${continued ? 'continued' : ''} ${isBare(message) ? 'bare' : ''}`}
    id=${`m-${message.message_id}`}
    data-message=${message.message_id}
    data-version=${message.version}
  >
    ${!own && (continued ? html`<span class="avatar-space"></span>` : html`<${Avatar} name=${message.sender.name} isBot=${isBot} size="36" />`)}
    <div class="stack">
      ${!continued && (inGroup || isBot) && !own && html`<div class="sender">${message.sender.name}${isBot && html`<span class="tag t-blue">${t('bot')}</span>`}<time>${clockTime(message.created_at)}</time></div>`}
      <${Marks} message=${message} />
      <div class="bubble-line">
        <div class="bubble" tabindex="-1" title=${fullTime(message.created_at)}>
          ${message.reply_to && html`<${Quote} messageId=${message.reply_to} />`}
          <${Content} message=${message} />
        </div>
        <${Actions} message=${message} own=${own} />
      </div>
      ${message.reactions?.length > 0 && html`<${Reactions} reactions=${message.reactions} />`}
      ${message.thread_id &&
      openThreadId.value !== message.thread_id &&
      html`<button type="button" class="topic" onClick=${() => (openThreadId.value = message.thread_id)}>
        <${Icon} name="topic" size="14" /> ${t('openTopic')}
      </button>`}
    </div>
  </div>`;
}

/** A message on its way, or one that could not be sent. */
export function Pending({ item, chatId }) {
  const retry = html`<button type="button" class="retry" onClick=${() => resend(chatId, item)}>
    <${Icon} name="alert" size="16" /> ${t('failedSend')}
  </button>`;
  return html`<div class="row own pending" data-message=${item.key}>
    <div class="stack">
      <div class="bubble-line">
        <div class="bubble"><div class="plain">${item.file ? item.file.name : item.text}</div></div>
        ${item.failed === null || item.failed === undefined ? html`<span class="sending" aria-label=${t('sending')}><${Spinner} /></span>` : ''}
      </div>
      ${item.failed && retry}
    </div>
  </div>`;
}
