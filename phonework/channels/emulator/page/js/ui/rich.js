// A placeholder for a card or rich text until the code that draws them has come.
import { html, signal } from '../lib.js';
import { t } from '../i18n.js';
import { Spinner } from './icons.js';

const RETRY_MS = 1000;
const parts = signal(null);
let asked = false;

async function load() {
  asked = true;
  try {
    parts.value = await import('../rich.js');
  } catch {
    setTimeout(load, RETRY_MS); // the server is away just now
  }
}

/** part: Card, Markdown or CodeBlock; the other properties are passed on. */
export function Rich({ part, ...properties }) {
  if (!asked) void load();
  if (!parts.value) return html`<span class="notice"><${Spinner} /> ${t('loading')}</span>`;
  return html`<${parts.value[part]} ...${properties} />`;
}
