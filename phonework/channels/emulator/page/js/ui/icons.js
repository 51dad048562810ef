// Line icons, drawn for this page on a 24-unit grid.
import { html } from '../lib.js';

const PATHS = {
  back: ['M15 5l-7 7 7 7'],
  send: ['M4.5 12.5L20 4.5 14.5 20l-3-6.5z', 'M11.5 13.5L20 4.5'],
  attach: ['M12 5v14M5 12h14'],
  close: ['M6 6l12 12M18 6L6 18'],
  check: ['M5 12.5l4.5 4.5L19 7.5'],
  copy: ['M9 9h10v11H9z', 'M15 9V4H5v11h4'],
  reply: ['M9 7L4 12l5 5', 'M4 12h9a7 7 0 0 1 7 7'],
  recall: ['M4 4.500v5h5', 'M4.600 9.500a8 8 0 1 1-.4 5'],
  down: ['M6 9l6 6 6-6'],
  right: ['M9 6l6 6-6 6'],
  left: ['M15 6l-6 6 6 6'],
  more: ['M6 12h.01M12 12h.01M18 12h.01'],
  settings: ['M4 7h10M18 7h2M4 17h2M10 17h10', 'M16 5v4M8 15v4'],
  download: ['M12 4v11M7 11l5 5 5-5M5 20h14'],
  file: ['M6 3h8l5 5v13H6z', 'M14 3v5h5'],
  audio: ['M5 10v4M9 7v10M13 4v16M17 8v8M21 11v2'],
  topic: ['M5 5h14v11H10l-5 4z'],
  alert: ['M12 8v5M12 16.5v.01', 'M12 3l9.5 17h-19z'],
  offline: ['M3 3l18 18M5 12.5a10 10 0 0 1 4-2.4M19 12.5a10 10 0 0 0-3-2M8.5 16a5 5 0 0 1 6-.8M12 20v.01'],
  info: ['M12 11v6M12 7.5v.01', 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z'],
  success: ['M8 12.2l2.8 2.8L16 9.5', 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z'],
  error: ['M9 9l6 6M15 9l-6 6', 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z'],
  external: ['M14 5h5v5M19 5l-8 8M17 14v5H5V7h5'],
  at: ['M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0z', 'M16 8v5.5a2.5 2.5 0 0 0 5 0V12a9 9 0 1 0-4 7.5'],
  image: ['M4 5h16v14H4z', 'M4 16l5-5 5 5 2-2 4 4M15.5 9.5v.01'],
  clock: ['M12 7v5l3.5 2', 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z'],
  up: ['M7 21V10l5-7c1.500 0 2.500 1 2 3l-1 4h6.500l-1.500 9-2 2z', 'M3 10h4v11H3z'],
};

export function Icon({ name, size = 20, label }) {
  return html`<svg
    class="icon"
    viewBox="0 0 24 24"
    width=${size}
    height=${size}
    role=${label ? 'img' : undefined}
    aria-label=${label}
    aria-hidden=${label ? undefined : 'true'}
  >
    ${(PATHS[name] || PATHS.info).map((d) => html`<path d=${d} />`)}
  </svg>`;
}

export const Spinner = () => html`<span class="spinner" aria-hidden="true"></span>`;

const hue = (text) => [...text].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);

function initials(name) {
  const words = (name || '?').trim().split(/\s+/);
  if (/[\u3400-\u9fff]/.test(name)) return name.trim().slice(-2);
  return (words.length > 1 ? words[0][0] + words.at(-1)[0] : words[0].slice(0, 2)).toUpperCase();
}

/** A round picture made of a name; the bot has its own. */
export function Avatar({ name, isBot = false, isGroup = false, size = 40 }) {
  if (isBot) {
    return html`<span class="avatar avatar-bot" style=${{ width: `${size}px`, height: `${size}px` }} aria-hidden="true">
      <svg viewBox="0 0 24 24" width=${size * 0.6} height=${size * 0.6}>
        <path d="M4.500 6.500A2.500 2.500 0 0 1 7 4h10a2.500 2.500 0 0 1 2.500 2.500v8A2.500 2.500 0 0 1 17 17h-5.500L7 20.500V17a2.500 2.500 0 0 1-2.500-2.500z" />
        <path d="M8.500 8.500l2.500 2-2.500 2M12.500 12.500h3" />
      </svg>
    </span>`;
  }
  const tint = `hsl(${hue(name || '?')} 42% 46%)`;
  return html`<span
    class=${`avatar ${isGroup ? 'avatar-group' : ''}`}
    style=${{ width: `${size}px`, height: `${size}px`, background: tint, fontSize: `${size * 0.36}px` }}
    aria-hidden="true"
    >${initials(name)}</span
  >`;
}
