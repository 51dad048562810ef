// An uploaded image: shown small, pressed to zoom.
import { html, useState } from '../lib.js';
import { t } from '../i18n.js';
import { resourceUrl } from '../api.js';
import { zoomImage } from './dialog.js';
import { Icon } from './icons.js';

export function Picture({ messageId, imageKey, alt = '', class: extra = '' }) {
  const [broken, setBroken] = useState(false);
  const source = resourceUrl(messageId, imageKey);
  if (broken) return html`<span class="picture-broken"><${Icon} name="image" size="16" /> ${alt || t('image')}</span>`;
  return html`<button
    type="button"
    class=${`picture ${extra}`}
    aria-label=${`${t('zoom')} ${alt}`}
    onClick=${() => zoomImage(source, alt)}
  >
    <img src=${source} alt=${alt} loading="lazy" onError=${() => setBroken(true)} />
  </button>`;
}
