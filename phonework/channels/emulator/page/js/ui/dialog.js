// Modal dialogs on the browser's own <dialog>: focus stays inside, Escape closes, the page behind is inert.
import { html, signal, useLayoutEffect, useRef } from '../lib.js';
import { t } from '../i18n.js';

const current = signal(null); // {title, text, settle} or {image, alt, settle}

const show = (what) =>
  new Promise((resolve) => {
    current.value?.settle(false);
    const one = {
      ...what,
      settle: (answer) => {
        if (current.value === one) current.value = null;
        resolve(answer);
      },
    };
    current.value = one;
  });

/** Resolves to true if the person agreed. */
export const askConfirm = (title, text) => show({ title, text });
export const zoomImage = (image, alt) => show({ image, alt });

function Question({ title, text, settle }) {
  return html`<div class="dialog-body">
    ${title && html`<h2 id="dialog-title">${title}</h2>`} ${text && html`<p>${text}</p>`}
    <div class="dialog-actions">
      <button type="button" class="btn" onClick=${() => settle(false)}>${t('cancel')}</button>
      <button type="button" class="btn btn-primary_filled" onClick=${() => settle(true)}>${t('confirm')}</button>
    </div>
  </div>`;
}

const Zoomed = ({ image, alt, settle }) => html`<button
  type="button"
  class="zoomed"
  onClick=${() => settle(true)}
  aria-label=${t('close')}
>
  <img src=${image} alt=${alt} />
</button>`;

function Open({ what }) {
  const ref = useRef();
  useLayoutEffect(() => {
    if (!ref.current.open) ref.current.showModal();
  }, []);
  const onCancel = (event) => {
    event.preventDefault();
    what.settle(false);
  };
  const onClick = (event) => event.target === ref.current && what.settle(false);
  return html`<dialog
    ref=${ref}
    class=${what.image ? 'dialog-image' : ''}
    onCancel=${onCancel}
    onClose=${() => what.settle(false)}
    onClick=${onClick}
    aria-labelledby=${what.title ? 'dialog-title' : undefined}
  >
    ${what.image ? html`<${Zoomed} ...${what} />` : html`<${Question} ...${what} />`}
  </dialog>`;
}

export const Dialogs = () => current.value && html`<${Open} key=${current.value.title || current.value.image} what=${current.value} />`;
