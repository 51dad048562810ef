// A button with a panel that closes on Escape, on a choice and on a press elsewhere.
import { html, useEffect, useRef, useState } from '../lib.js';

/** button: children of the trigger; children: a function of close(), giving what the panel shows. */
export function Menu({ label, button, class: extra = '', triggerClass = 'icon-button', disabled, children }) {
  const [open, setOpen] = useState(false);
  const root = useRef();
  const close = () => {
    setOpen(false);
    root.current?.querySelector('.menu-trigger')?.focus();
  };
  useEffect(() => {
    if (!open) return undefined;
    root.current.querySelector('.menu-panel').scrollIntoView({ block: 'nearest' });
    const outside = (event) => !root.current?.contains(event.target) && setOpen(false);
    const escape = (event) => event.key === 'Escape' && close();
    document.addEventListener('pointerdown', outside);
    document.addEventListener('keydown', escape);
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('keydown', escape);
    };
  }, [open]);
  return html`<div class=${`menu ${extra}`} ref=${root}>
    <button
      type="button"
      class=${`menu-trigger ${triggerClass}`}
      aria-label=${label}
      title=${label}
      aria-expanded=${open}
      disabled=${disabled}
      onClick=${() => setOpen(!open)}
    >
      ${button}
    </button>
    ${open && html`<div class="menu-panel">${children(close)}</div>`}
  </div>`;
}
