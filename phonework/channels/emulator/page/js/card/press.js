// From a press to its end: confirm, the call with a spinner, then the toast, the new card or the error.
import { signal } from '../lib.js';
import * as api from '../api.js';
import { t, translated } from '../i18n.js';
import { safeUrl } from '../markdown/marks.js';
import { me, showAnsweredCard } from '../store.js';
import { askConfirm } from '../ui/dialog.js';
import { toast } from '../ui/toast.js';
import { behaviorsOf, callbackOf, textOf } from './values.js';

const busy = signal({}); // message_id -> path of the element that was pressed

export const busyElement = (messageId) => busy.value[messageId];

function setBusy(messageId, path) {
  const { [messageId]: _, ...others } = busy.value;
  busy.value = path === null ? others : { ...others, [messageId]: path };
}

function openUrls(element) {
  for (const behavior of behaviorsOf(element)) {
    if (behavior.type !== 'open_url') continue;
    const url = safeUrl(behavior.pc_url || behavior.default_url || behavior.url);
    if (url) window.open(url, '_blank', 'noopener,noreferrer');
  }
}

const confirmed = (element) =>
  element.confirm ? askConfirm(textOf(element.confirm.title), textOf(element.confirm.text)) : Promise.resolve(true);

function showAnswer(message, answer) {
  if (answer?.error) return toast('error', t('clickFailed'), answer.error.code);
  if (answer?.card) showAnsweredCard(message, answer.card.data ?? answer.card);
  if (answer?.toast) toast(answer.toast.type, translated(answer.toast));
  return undefined;
}

/** True if the press was carried to the server and came back without an error. */
async function call(message, path, action) {
  setBusy(message.message_id, path);
  try {
    const answer = await api.click({ user: me.value.open_id, message_id: message.message_id, action });
    showAnswer(message, answer);
    return !answer?.error;
  } catch (error) {
    toast('error', t('clickFailed'), error.status || undefined);
    return false;
  } finally {
    setBusy(message.message_id, null);
  }
}

/** action: the object of the click event, or null when the element only opens a link. */
export async function press(message, path, element, action) {
  if (busy.value[message.message_id] !== undefined) return false;
  if (!(await confirmed(element))) return false;
  openUrls(element);
  return action ? call(message, path, action) : false;
}

export const hasCallback = (element) => Boolean(callbackOf(element)) || element.value !== undefined;
