// One chat: its head, its messages in order, and the composer.
import { html, useEffect, useState } from '../lib.js';
import { longTime, t } from '../i18n.js';
import { bot, chatMessages, connected, goToChat, markRead, me, now, openThreadId, pendingByChat } from '../store.js';
import { Composer } from './composer.js';
import { Avatar, Icon } from './icons.js';
import { Message, Pending } from './message.js';
import { useConversationScroll } from './scroll.js';

const PART = 100; // messages drawn at once; a long history must not keep the newest waiting
const PAUSE_MS = 5 * 60_000; // after this long a time stands between two messages

function Presence() {
  const online = bot.value.connected;
  return html`<span class=${`presence ${online ? 'is-online' : 'is-offline'}`} role="status">
    <i aria-hidden="true"></i>${online ? t('online') : t('offlineBot')}
  </span>`;
}

function Head({ chat }) {
  const thread = openThreadId.value;
  const back = () => (thread ? (openThreadId.value = null) : goToChat(null));
  return html`<header class=${`head ${thread ? 'in-thread' : ''}`}>
    <button type="button" class="icon-button back" aria-label=${t('back')} onClick=${back}><${Icon} name="back" size="24" /></button>
    <${Avatar} name=${chat.name} isBot=${chat.type === 'p2p'} isGroup=${chat.type === 'group'} size="38" />
    <div class="head-text">
      <h1>${thread ? `${t('topic')} · ${chat.name}` : chat.name}</h1>
      <${Presence} />
    </div>
  </header>`;
}

const drawn = new WeakMap(); // message -> {flags, node}

/** The same node for an unchanged message: a long conversation then costs nothing when one of its cards changes. */
function row(message, continued, inGroup) {
  const flags = `${continued}${inGroup}`;
  const known = drawn.get(message);
  if (known?.flags === flags) return known.node;
  const node = html`<${Message} key=${message.message_id} message=${message} continued=${continued} inGroup=${inGroup} />`;
  drawn.set(message, { flags, node });
  return node;
}

function rows(messages, chat) {
  const nodes = [];
  let previous = null;
  for (const message of messages) {
    const pause = !previous || message.created_at - previous.created_at > PAUSE_MS;
    if (pause) nodes.push(html`<div class="notice" key=${`t-${message.message_id}`}>${longTime(message.created_at, now())}</div>`);
    const continued = !pause && !previous.recalled && previous.sender.open_id === message.sender.open_id;
    nodes.push(row(message, continued, chat.type === 'group'));
    previous = message;
  }
  return nodes;
}

function Pill({ scroll }) {
  if (scroll.atEnd) return null;
  const label = scroll.fresh ? `${scroll.fresh} ${t('newMessages')}` : '';
  return html`<button type="button" class="pill" aria-label=${label || t('toBottom')} onClick=${() => scroll.toEnd()}>
    <${Icon} name="down" size="18" />${label}
  </button>`;
}

const Banner = () =>
  connected.value && !bot.value.connected && html`<div class="banner banner-quiet" role="status"><${Icon} name="alert" size="16" /> ${t('offlineBot')}</div>`;

export function Conversation({ chat }) {
  const thread = openThreadId.value;
  const all = chatMessages(chat.chat_id);
  const whole = thread ? all.filter((one) => one.thread_id === thread) : all;
  const [first, setFirst] = useState(Math.max(0, whole.length - PART));
  const start = whole.length > first ? first : 0;
  const messages = start ? whole.slice(start) : whole;
  const pending = pendingByChat.value[chat.chat_id] || [];
  const last = pending.at(-1) || messages.at(-1);
  const own = pending.length > 0 || last?.sender?.open_id === me.value.open_id;
  const scroll = useConversationScroll(`${chat.chat_id}/${thread}`, last?.key || last?.message_id, own, whole.length);

  useEffect(() => {
    if (scroll.atEnd && !document.hidden) markRead(chat.chat_id);
  }, [scroll.atEnd, messages.at(-1)]);

  return html`<section class=${`conversation ${chat.type === 'p2p' ? 'private' : ''}`} aria-label=${chat.name}>
    <${Head} chat=${chat} />
    <${Banner} />
    <div class="messages" ref=${scroll.ref} tabindex="0" role="log" aria-label=${t('messageList')}>
      <div class="messages-inner">
        ${start > 0 &&
        html`<button type="button" class="earlier" onClick=${() => setFirst(Math.max(0, start - PART))}>${t('earlier')}</button>`}
        ${messages.length === 0 && pending.length === 0 && html`<div class="notice">${t('noMessages')}</div>`} ${rows(messages, chat)}
        ${pending.map((item) => html`<${Pending} key=${item.key} item=${item} chatId=${chat.chat_id} />`)}
      </div>
    </div>
    <${Pill} scroll=${scroll} />
    <${Composer} key=${`${me.value.open_id}/${chat.chat_id}`} chat=${chat} threadRootId=${thread ? messages[0]?.message_id : undefined} />
  </section>`;
}
