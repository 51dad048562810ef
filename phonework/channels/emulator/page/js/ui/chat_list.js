// The list of chats with the newest line of each, and the settings above it.
import { html } from '../lib.js';
import { shortTime, t } from '../i18n.js';
import { chatMessages, chatsByActivity, goToChat, me, now, openChatId, serverPid, unreadCount } from '../store.js';
import { Avatar } from './icons.js';
import { preview } from './preview.js';
import { NewGroup } from './new_group.js';
import { Settings } from './settings.js';

function newestLine(chat, message) {
  if (!message) return '';
  const line = preview(message).slice(0, 120);
  const named = chat.type === 'group' && !message.recalled && message.sender.open_id !== me.value.open_id;
  return named ? `${message.sender.name}: ${line}` : line;
}

function Entry({ chat }) {
  const newest = chatMessages(chat.chat_id).at(-1);
  const current = openChatId.value === chat.chat_id;
  const unread = current && !document.hidden ? 0 : unreadCount(chat);
  return html`<li>
    <button type="button" class=${`chat ${current ? 'current' : ''}`} aria-current=${current ? 'true' : undefined} onClick=${() => goToChat(chat.chat_id)}>
      <${Avatar} name=${chat.name} isBot=${chat.type === 'p2p'} isGroup=${chat.type === 'group'} size="46" />
      <span class="chat-text">
        <span class="chat-line"><b class="chat-name">${chat.name}</b><time>${newest ? shortTime(newest.created_at, now()) : ''}</time></span>
        <span class="chat-line">
          <span class="chat-preview">${newestLine(chat, newest)}</span>
          ${unread > 0 && html`<span class="unread" aria-label=${`${unread} ${t('unread')}`}>${unread > 99 ? '99+' : unread}</span>`}
        </span>
      </span>
    </button>
  </li>`;
}

export function ChatList() {
  return html`<nav class="chats" aria-label=${t('chats')}>
    <header class="chats-head">
      <h1>${t('chats')}</h1>
      <div class="chats-tools"><${NewGroup} /><${Settings} /></div>
    </header>
    <ul>
      ${chatsByActivity.value.map((chat) => html`<${Entry} key=${chat.chat_id} chat=${chat} />`)}
    </ul>
    ${chatsByActivity.value.length === 0 && html`<p class="notice">${t('noChats')}</p>`}
    ${serverPid.value > 0 &&
    html`<p class="try-it">${t('killBefore')} <code>kill -9 ${serverPid.value}</code> ${t('killAfter')}</p>`}
  </nav>`;
}
