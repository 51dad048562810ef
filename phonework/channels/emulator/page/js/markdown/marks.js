// Links, mentions and colour names: what plain texts and Markdown have in common.
import { classes, html } from '../lib.js';
import { t } from '../i18n.js';
import { bot, me, users } from '../store.js';
import { decodeEntities } from './entities.js';

const COLORS = new Set(
  'blue wathet turquoise green lime yellow orange red carmine violet purple indigo grey neutral'.split(' '),
);
export const colorClass = (name, prefix) => {
  const base = String(name || '').toLowerCase().replace(/-\d+$/, '').replace('gray', 'grey');
  return COLORS.has(base) ? `${prefix}-${base}` : '';
};

/** The address if it is http(s), else null. */
export function safeUrl(text) {
  try {
    const url = new URL(decodeEntities(String(text)));
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null;
  } catch {
    return null;
  }
}

export function Link({ href, children }) {
  const url = safeUrl(href);
  if (!url) return html`<span>${children}</span>`;
  return html`<a href=${url} target="_blank" rel="noopener noreferrer nofollow">${children}</a>`;
}

const known = (id) => (bot.value.open_id === id ? bot.value : users.value.find((user) => user.open_id === id));

/** How a mention reads. Somebody this company does not know has no name; the id helps nobody but whoever looks closer. */
export const mentioned = (id) => `@${id === 'all' ? t('everyone') : known(id)?.name || t('somebody')}`;

export function At({ id }) {
  const kind = id === 'all' || known(id) ? '' : 'unknown';
  return html`<span class=${classes('at', kind, id === me.value?.open_id && 'me')} title=${kind && id}>${mentioned(id)}</span>`;
}
