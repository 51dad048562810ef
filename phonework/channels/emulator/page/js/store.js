// What the page knows: who is looking, which chats and messages there are, and whether the server is reachable.
import { signal, computed, batch } from './lib.js';
import * as api from './api.js';
import { recall, remember } from './storage.js';
import { userLanguage } from './i18n.js';

export const ready = signal(false);
export const connected = signal(true);
export const me = signal(null);
export const users = signal([]);
export const bot = signal({ name: '', open_id: '', connected: false });
export const serverPid = signal(0); // of the bot's process, when that is known
export const chats = signal([]); // [{chat_id, type, name, unread}]
export const messagesByChat = signal({}); // chat_id -> [Message], oldest first
export const pendingByChat = signal({}); // chat_id -> [{key, text, files, reply_to, message_id?, failed?}]
export const openChatId = signal(chatFromAddress());
export const openThreadId = signal(null);
export const replyTo = signal(null); // message_id
const unread = signal({}); // chat_id -> count

let clockOffset = 0;
let stopListening = () => {};
let generation = 0;

export const now = () => Date.now() + clockOffset;
export const openChat = computed(() => chats.value.find((chat) => chat.chat_id === openChatId.value) || null);
export const chatMessages = (chatId) => messagesByChat.value[chatId] || [];

export function findMessage(messageId) {
  for (const list of Object.values(messagesByChat.value)) {
    const found = list.find((message) => message.message_id === messageId);
    if (found) return found;
  }
  return null;
}

export const unreadCount = (chat) => unread.value[chat.chat_id] || 0;

export function markRead(chatId) {
  if (!unread.peek()[chatId]) return;
  unread.value = { ...unread.peek(), [chatId]: 0 };
  api.markRead(me.value.open_id, chatId).catch(() => {}); // it stays unread there, which the next visit mends
}

function countUnread(message) {
  if (message.sender.open_id === me.value.open_id) return;
  unread.value = { ...unread.value, [message.chat_id]: (unread.value[message.chat_id] || 0) + 1 };
}

/* ---- who and where: both are in the address, so that a link or a reload leads back ---- */

function chatFromAddress() {
  return decodeURIComponent(location.hash.slice(1)) || null;
}

export function goToChat(chatId) {
  if (chatId === openChatId.value) return;
  if (chatId) location.hash = encodeURIComponent(chatId);
  else history.length > 1 && history.state?.inside ? history.back() : leaveChat();
}

function leaveChat() {
  history.replaceState(null, '', location.pathname + location.search);
  syncChat();
}

function syncChat() {
  batch(() => {
    openChatId.value = chatFromAddress();
    openThreadId.value = null;
    replyTo.value = null;
  });
}

addEventListener('hashchange', () => {
  if (location.hash) history.replaceState({ inside: true }, '');
  syncChat();
});

export function switchUser(openId) {
  const address = new URL(location.href);
  address.searchParams.set('user', openId);
  address.hash = '';
  history.replaceState(null, '', address);
  remember('user', openId);
  batch(() => {
    ready.value = false;
    pendingByChat.value = {};
    syncChat();
  });
  start();
}

const wantedUser = () => new URL(location.href).searchParams.get('user') || recall('user');

/* ---- loading and live updates ---- */

const newestFirst = (left, right) => lastActivity(right) - lastActivity(left);
const lastActivity = (chat) => chatMessages(chat.chat_id).at(-1)?.created_at || 0;
const byTime = (left, right) => left.created_at - right.created_at;

export const chatsByActivity = computed(() => [...chats.value].sort(newestFirst));

function adopt(state) {
  clockOffset = (state.now || Date.now()) - Date.now();
  batch(() => {
    me.value = state.me;
    users.value = state.users || [state.me];
    bot.value = state.bot;
    serverPid.value = state.server_pid || 0;
    userLanguage.value = state.me.language === 'zh' ? 'zh' : 'en';
    unread.value = Object.fromEntries(state.chats.map((chat) => [chat.chat_id, chat.unread || 0]));
    chats.value = state.chats.map(({ messages, ...chat }) => chat);
    messagesByChat.value = Object.fromEntries(
      state.chats.map((chat) => [chat.chat_id, [...(chat.messages || [])].sort(byTime)]),
    );
    dropDelivered();
    ready.value = true;
    connected.value = true;
  });
}

/** Put a message in its place; an older version of one we have is ignored. Returns false for an unknown chat. */
function upsert(message) {
  const list = messagesByChat.value[message.chat_id];
  if (!list) return false;
  const index = list.findIndex((one) => one.message_id === message.message_id);
  if (index >= 0 && list[index].version > message.version) return true;
  const next = index >= 0 ? list.with(index, message) : [...list, message].sort(byTime);
  batch(() => {
    messagesByChat.value = { ...messagesByChat.value, [message.chat_id]: next };
    if (index < 0) countUnread(message);
    if (index < 0) claimPending(message);
    dropDelivered();
  });
  return true;
}

/** The card in a click's answer, shown at once; the event which carries it too brings the version. */
export function showAnsweredCard(message, card) {
  const current = findMessage(message.message_id);
  if (current && current.version === message.version) upsert({ ...current, content: card });
}

function markRecalled(data) {
  const known = findMessage(data.message_id);
  if (known) upsert({ ...known, ...data, recalled: true });
}

let buffered = null; // events that arrive while the state is being fetched; they may be newer than it

function onEvent(kind, data) {
  if (buffered) return void buffered.push([kind, data]);
  if (kind === 'bot') bot.value = { ...bot.value, ...data };
  else if (kind === 'reset') void refresh();
  else if (kind === 'recalled') markRecalled(data);
  else if (!upsert(data)) void refresh();
}

async function refresh() {
  const mine = ++generation;
  buffered ||= [];
  try {
    let state;
    try {
      state = await api.fetchState(wantedUser());
    } catch (error) {
      if (error.status < 400 || error.status >= 500) throw error;
      // The remembered user does not exist here (another emulator ran on this port): take the first one.
      remember('user', null);
      history.replaceState(null, '', location.pathname + location.hash);
      state = await api.fetchState(null);
    }
    if (mine !== generation) return;
    adopt(state);
  } catch {
    if (mine === generation) connected.value = false;
  } finally {
    if (mine === generation) {
      const waiting = buffered || [];
      buffered = null;
      if (ready.value) for (const [kind, data] of waiting) if (kind !== 'reset') onEvent(kind, data);
    }
  }
}

export function start() {
  stopListening();
  buffered = [];
  stopListening = api.listen(wantedUser(), {
    onOpen: refresh,
    onEvent,
    onLost: () => {
      connected.value = false;
    },
  });
}

/* ---- sending ---- */

let pendingNumber = 0;

function setPending(chatId, change) {
  pendingByChat.value = { ...pendingByChat.value, [chatId]: change(pendingByChat.value[chatId] || []) };
}

/** The event with one's own message can come before the answer of the call that sent it: never show both. */
function claimPending(message) {
  if (message.sender.open_id !== me.value.open_id) return;
  const isIt = (item) =>
    !item.message_id &&
    !item.failed &&
    (item.file ? message.msg_type !== 'text' : String(message.content?.text ?? '').endsWith(item.text));
  const claimed = (pendingByChat.value[message.chat_id] || []).find(isIt);
  if (!claimed) return;
  setPending(message.chat_id, (list) =>
    list.map((one) => (one === claimed ? { ...one, message_id: message.message_id } : one)),
  );
}

function dropDelivered() {
  for (const [chatId, list] of Object.entries(pendingByChat.value)) {
    if (!list.some((one) => one.message_id)) continue;
    const known = new Set(chatMessages(chatId).map((message) => message.message_id));
    setPending(chatId, (all) => all.filter((one) => !known.has(one.message_id)));
  }
}

async function deliver(chatId, item) {
  const replace = (change) =>
    setPending(chatId, (list) => list.map((one) => (one.key === item.key ? { ...one, ...change } : one)));
  replace({ failed: null });
  try {
    const user = me.value.open_id;
    const answer = item.file
      ? await api.upload(user, chatId, item.file)
      : await api.send({ user, chat_id: chatId, text: item.text, ...item.extra });
    replace({ message_id: answer.message_id });
    dropDelivered();
  } catch (error) {
    replace({ failed: error.message });
  }
}

function enqueue(chatId, item) {
  const whole = { key: `p${++pendingNumber}`, created_at: now(), ...item };
  setPending(chatId, (list) => [...list, whole]);
  return whole;
}

/** All of it is shown at once and sent one after another: a text comes after the files it is about. */
export async function sendAll(chatId, files, text, { reply_to, mention_bot } = {}) {
  const extra = { ...(reply_to ? { reply_to } : {}), ...(mention_bot ? { mention_bot: true } : {}) };
  const items = [...files.map((file) => ({ file })), ...(text ? [{ text, extra }] : [])];
  for (const item of items.map((one) => enqueue(chatId, one))) await deliver(chatId, item);
}

/** Make a group of this person, the bot and the named people, and open it. */
export async function makeGroup(name, members) {
  const { chat_id } = await api.makeGroup(me.value.open_id, name, members);
  await refresh();
  goToChat(chat_id);
}

export const resend = (chatId, item) => deliver(chatId, item);
