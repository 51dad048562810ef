// A block of code with its language, a copy button and sideways scrolling.
import { html, useState } from '../lib.js';
import { t } from '../i18n.js';
import { Icon } from '../ui/icons.js';
import { copyText } from '../ui/copy.js';
import { diffLine, highlight } from './highlight.js';

function CopyButton({ text }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    if (!(await copyText(text))) return;
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  return html`<button type="button" class="code-copy" onClick=${copy} aria-label=${done ? t('copied') : t('copy')}>
    <${Icon} name=${done ? 'check' : 'copy'} size="14" /><span>${done ? t('copied') : t('copy')}</span>
  </button>`;
}

const diffBody = (code) =>
  code.split('\n').map((line) => html`<span class=${`d-line ${diffLine(line)}`}>${line || ' '}</span>`);

const plainBody = (code, language) =>
  highlight(code, language).map((part) => (Array.isArray(part) ? html`<span class=${part[0]}>${part[1]}</span>` : part));

export function CodeBlock({ code, language }) {
  const name = (language || '').trim().split(/\s/)[0].toLowerCase();
  const isDiff = name === 'diff' || name === 'patch';
  return html`<figure class="code" aria-label=${`${t('code')} ${name}`}>
    <figcaption><span>${name || 'text'}</span><${CopyButton} text=${code} /></figcaption>
    <pre tabindex="0"><code class=${isDiff ? 'diff' : ''}>${isDiff ? diffBody(code) : plainBody(code, name)}</code></pre>
  </figure>`;
}
