// The phone API of the emulator: plain fetch calls, and one event stream which reconnects.
const BASE = new URL('api/', document.baseURI);

export class ApiError extends Error {
  constructor(status, text) {
    super(text || `HTTP ${status}`);
    this.status = status;
  }
}

async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(new URL(path, BASE), { cache: 'no-store', ...options });
  } catch (error) {
    throw new ApiError(0, error.message);
  }
  const text = await response.text();
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    if (response.ok) throw new ApiError(response.status, 'not JSON');
  }
  if (!response.ok) throw new ApiError(response.status, body?.error?.text || body?.msg || body?.detail || body?.error);
  return body;
}

const post = (path, body) =>
  request(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

const query = (user) => (user ? `?user=${encodeURIComponent(user)}` : '');

export const fetchState = (user) => request(`state${query(user)}`, { signal: AbortSignal.timeout(10_000) });
export const send = (body) => post('send', body);
export const click = (body) => post('click', body);
export const markRead = (user, chatId) => post('read', { user, chat_id: chatId });
export const recallMessage = (user, messageId) => post('recall', { user, message_id: messageId });

export const makeGroup = (user, name, members) => post('group', { user, name, members });

export function upload(user, chatId, file) {
  const form = new FormData();
  form.set('user', user);
  form.set('chat_id', chatId);
  form.set('file', file, file.name || 'pasted.png');
  return request('upload', { method: 'POST', body: form });
}

export const resourceUrl = (messageId, key) =>
  new URL(`resource/${encodeURIComponent(messageId)}/${encodeURIComponent(key)}`, BASE).href;

const KINDS = ['message', 'recalled', 'reaction', 'bot', 'reset'];
const RETRY_MS = [300, 700, 1500, 3000, 5000];

/**
 * Keep an event stream open until the returned function is called.
 * onOpen: (re)connected, the caller fetches the state; onEvent(kind, data); onLost: the connection is gone, a retry is due.
 */
export function listen(user, { onOpen, onEvent, onLost }) {
  let source = null;
  let timer = 0;
  let failures = 0;
  let closed = false;

  function connect() {
    clearTimeout(timer);
    source?.close();
    source = new EventSource(new URL(`events${query(user)}`, BASE));
    source.onopen = () => {
      failures = 0;
      onOpen();
    };
    // The browser's own retry waits without a bound we know and stops for good on some answers: retry by ourselves.
    source.onerror = () => {
      source.close();
      if (closed) return;
      onLost();
      timer = setTimeout(connect, RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]);
    };
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => {
        let data = null;
        try {
          data = JSON.parse(event.data);
        } catch {
          return;
        }
        onEvent(kind, data);
      });
    }
  }

  const hurry = () => !closed && source?.readyState === EventSource.CLOSED && connect();
  addEventListener('online', hurry);
  addEventListener('visibilitychange', hurry);
  // Firefox reports an error when the page goes away, which would flash the offline banner.
  addEventListener('pagehide', () => source?.close());
  connect();
  return () => {
    closed = true;
    clearTimeout(timer);
    source?.close();
    removeEventListener('online', hurry);
    removeEventListener('visibilitychange', hurry);
  };
}
