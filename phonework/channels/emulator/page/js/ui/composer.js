// Where one writes: several lines, files and pasted pictures, and the commands offered after a slash.
import { html, useEffect, useRef, useState } from '../lib.js';
import { COMMANDS, language, t } from '../i18n.js';
import { bot, findMessage, me, replyTo, sendAll } from '../store.js';
import { Icon } from './icons.js';
import { preview } from './preview.js';

const drafts = new Map(); // `${user}/${chat_id}` -> text
const matching = (text) => (/^\/[a-z]*$/i.test(text) ? COMMANDS.filter(([name]) => name.startsWith(text.toLowerCase())) : []);

function Hints({ hints, chosen, choose }) {
  if (!hints.length) return null;
  return html`<div class="hints" role="listbox" id="command-hints" aria-label=${t('commands')}>
    ${hints.map(
      ([name, zh, en], index) => html`<div
        key=${name}
        id=${`hint-${index}`}
        role="option"
        class="hint"
        aria-selected=${index === chosen ? 'true' : 'false'}
        onPointerDown=${(event) => (event.preventDefault(), choose(name))}
      >
        <b>${name}</b><span>${language.value === 'zh' ? zh : en}</span>
      </div>`,
    )}
  </div>`;
}

function Replying() {
  const original = findMessage(replyTo.value);
  if (!original) return null;
  return html`<div class="replying">
    <span><b>${t('replyingTo')} ${original.sender.name}</b> ${preview(original).slice(0, 120)}</span>
    <button type="button" class="icon-button" aria-label=${t('cancel')} onClick=${() => (replyTo.value = null)}><${Icon} name="close" size="16" /></button>
  </div>`;
}

const Files = ({ files, remove }) =>
  files.length > 0 &&
  html`<div class="attached">
    ${files.map(
      (file) => html`<span class="chip" key=${`${file.name}${file.size}${file.lastModified}`}>
        <${Icon} name=${file.type.startsWith('image/') ? 'image' : 'file'} size="14" /> ${file.name || t('image')}
        <button type="button" class="icon-button" aria-label=${`${t('removeFile')} ${file.name}`} onClick=${() => remove(file)}><${Icon} name="close" size="12" /></button>
      </span>`,
    )}
  </div>`;

function useGrowing(text) {
  const ref = useRef();
  useEffect(() => {
    ref.current.style.height = 'auto';
    ref.current.style.height = `${Math.min(ref.current.scrollHeight, 180)}px`;
  }, [text]);
  return ref;
}

function threadRoot(threadRootId) {
  return replyTo.value || threadRootId || undefined;
}

export function Composer({ chat, threadRootId }) {
  const draftKey = `${me.value.open_id}/${chat.chat_id}`;
  const [text, setText] = useState(drafts.get(draftKey) || '');
  const [files, setFiles] = useState([]);
  const [chosen, setChosen] = useState(0);
  const [dismissed, setDismissed] = useState(false);
  const [mention, setMention] = useState(true);
  const area = useGrowing(text);
  const picker = useRef();
  const group = chat.type === 'group';
  const hints = dismissed ? [] : matching(text);
  const canSend = text.trim() !== '' || files.length > 0;

  const write = (value) => {
    setText(value);
    setChosen(0);
    setDismissed(false);
    drafts.set(draftKey, value);
  };
  const attach = (list) => setFiles((known) => [...known, ...list]);
  const send = () => {
    if (!canSend) return;
    void sendAll(chat.chat_id, files, text.trim(), { reply_to: threadRoot(threadRootId), mention_bot: group && mention });
    setFiles([]);
    write('');
    replyTo.value = null;
    area.current.focus();
  };
  const choose = (name) => {
    write(`${name} `);
    area.current.focus();
  };

  const onKeyDown = (event) => {
    // While an input method composes, Enter belongs to it (Safari ends composition first and says so by key code 229).
    if (event.isComposing || event.keyCode === 229) return;
    if (hints.length && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault();
      setChosen((chosen + (event.key === 'ArrowDown' ? 1 : hints.length - 1)) % hints.length);
    } else if (hints.length && event.key === 'Escape') {
      setDismissed(true);
    } else if (hints.length && event.key === 'Tab' && !event.shiftKey) {
      event.preventDefault();
      choose(hints[chosen][0]);
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      if (hints.length && hints[chosen][0] !== text.toLowerCase()) choose(hints[chosen][0]);
      else send();
    }
  };
  const onPaste = (event) => {
    const pasted = [...(event.clipboardData?.files || [])];
    if (!pasted.length) return;
    event.preventDefault();
    attach(pasted);
  };
  const onDrop = (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    attach([...event.dataTransfer.files]);
  };

  return html`<form
    class="composer"
    onSubmit=${(event) => (event.preventDefault(), send())}
    onDragOver=${(event) => event.preventDefault()}
    onDrop=${onDrop}
  >
    <${Hints} hints=${hints} chosen=${chosen} choose=${choose} />
    <${Replying} />
    <${Files} files=${files} remove=${(file) => setFiles(files.filter((one) => one !== file))} />
    <div class="composer-line">
      <input
        ref=${picker}
        type="file"
        class="off-screen"
        multiple
        tabindex="-1"
        aria-hidden="true"
        onChange=${(event) => (attach([...event.target.files]), (event.target.value = ''))}
      />
      <button type="button" class="icon-button round" aria-label=${t('attach')} title=${t('attach')} onClick=${() => picker.current.click()}>
        <${Icon} name="attach" size="22" />
      </button>
      ${group &&
      html`<button type="button" class="icon-button round" aria-pressed=${mention ? 'true' : 'false'} aria-label=${t('mentionBot')} title=${t('mentionBot')} onClick=${() => setMention(!mention)}>
        <${Icon} name="at" />
      </button>`}
      <textarea
        ref=${area}
        rows="1"
        value=${text}
        placeholder=${`${t('placeholder')} ${group ? chat.name : bot.value.name}`}
        aria-label=${t('placeholder')}
        role=${hints.length ? 'combobox' : undefined}
        aria-expanded=${hints.length ? 'true' : undefined}
        aria-controls=${hints.length ? 'command-hints' : undefined}
        aria-activedescendant=${hints.length ? `hint-${chosen}` : undefined}
        enterkeyhint="send"
        onInput=${(event) => write(event.target.value)}
        onKeyDown=${onKeyDown}
        onPaste=${onPaste}
      ></textarea>
      <button type="submit" class="send" disabled=${!canSend} aria-label=${t('send')} title=${t('send')}><${Icon} name="send" size="20" /></button>
    </div>
  </form>`;
}
