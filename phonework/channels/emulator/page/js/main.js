// The page: chats at one side, the open conversation at the other; one of them at a time on a phone.
import { html, render, effect, useEffect } from './lib.js';
import { language, t } from './i18n.js';
import { chats, chatsByActivity, connected, goToChat, me, openChat, ready, start, unreadCount } from './store.js';
import { ChatList } from './ui/chat_list.js';
import { Conversation } from './ui/conversation.js';
import { Dialogs } from './ui/dialog.js';
import { Icon, Spinner } from './ui/icons.js';
import { Toasts } from './ui/toast.js';

const wide = matchMedia('(min-width: 760px)');

/** With room for both panes an empty one would be odd: open the newest chat. */
function useFirstChat() {
  useEffect(
    () =>
      effect(() => {
        if (ready.value && wide.matches && !openChat.value && chatsByActivity.value.length) goToChat(chatsByActivity.value[0].chat_id);
      }),
    [],
  );
}

const Offline = () =>
  !connected.value && html`<div class="banner banner-offline" role="alert"><${Icon} name="offline" size="16" /> ${t('offline')}</div>`;

function App() {
  useFirstChat();
  if (!ready.value) {
    return html`<${Offline} />
      <div class="loading"><${Spinner} /> ${t('loading')}</div>`;
  }
  const chat = openChat.value;
  return html`<${Offline} />
    <div class=${`panes ${chat ? 'has-chat' : ''}`}>
      <${ChatList} />
      ${chat
        ? html`<${Conversation} key=${`${me.value.open_id}/${chat.chat_id}`} chat=${chat} />`
        : html`<section class="conversation empty"><p class="notice">${t('noChat')}</p></section>`}
    </div>
    <${Toasts} />
    <${Dialogs} />`;
}

effect(() => {
  const unread = chats.value.reduce((sum, chat) => sum + (openChat.value === chat ? 0 : unreadCount(chat)), 0);
  document.title = unread ? `(${unread}) PhoneWork` : 'PhoneWork';
  document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en';
});

render(html`<${App} />`, document.getElementById('app'));
start();
