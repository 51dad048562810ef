// Links, mentions and colour names: what plain texts and Markdown have in common.
import { html } from '../lib.js';
import { t } from '../i18n.js';
import { bot, users } from '../store.js';
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

export function At({ id }) {
  if (id === 'all') return html`<span class="at">@${t('everyone')}</span>`;
  const known = bot.value.open_id === id ? bot.value : users.value.find((user) => user.open_id === id);
  return html`<span class="at">@${known?.name || id}</span>`;
}
