// Short notes over the page, as Feishu shows them after a press.
import { html, signal } from '../lib.js';
import { Icon } from './icons.js';

const toasts = signal([]);
const TYPES = new Set(['info', 'success', 'error', 'warning']);
const SHOWN_MS = 4000;
let number = 0;

/** type: info, success, error or warning; code: shown behind the text when there is one. */
export function toast(type, content, code) {
  const one = { key: ++number, type: TYPES.has(type) ? type : 'info', content, code };
  toasts.value = [...toasts.value.slice(-2), one];
  setTimeout(() => (toasts.value = toasts.value.filter((other) => other !== one)), SHOWN_MS + content.length * 20);
}

export const Toasts = () => html`<div class="toasts" role="status" aria-live="polite">
  ${toasts.value.map(
    (one) => html`<div key=${one.key} class=${`toast toast-${one.type}`}>
      <${Icon} name=${one.type === 'warning' ? 'alert' : one.type} size="18" />
      <span>${one.content}${one.code ? html` <small>code: ${one.code}</small>` : ''}</span>
    </div>`,
  )}
</div>`;
