// Makes a group chat with the bot, and with whoever else has a phone here.
import { html, useState } from '../lib.js';
import { t } from '../i18n.js';
import { makeGroup, me, users } from '../store.js';
import { Icon } from './icons.js';
import { Menu } from './menu.js';
import { toast } from './toast.js';

function Form({ close }) {
  const others = users.value.filter((user) => user.open_id !== me.value.open_id);
  const [busy, setBusy] = useState(false);
  async function onSubmit(event) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    try {
      await makeGroup(form.get('name').trim() || t('newGroup'), form.getAll('member'));
      close();
    } catch (error) {
      setBusy(false);
      toast('error', t('failed'), error.message);
    }
  }
  return html`<form class="new-group" onSubmit=${onSubmit}>
    <label>
      <span class="setting-title">${t('groupName')}</span>
      <input name="name" maxlength="60" autocomplete="off" placeholder=${t('newGroup')} />
    </label>
    <div role="group" aria-label=${t('groupMembers')}>
      <div class="setting-title">${t('groupMembers')}</div>
      ${others.map(
        (user) => html`<label class="menu-item" key=${user.open_id}>
          <input type="checkbox" name="member" value=${user.open_id} defaultChecked /> <span>${user.name}</span>
        </label>`,
      )}
    </div>
    <button type="submit" class="btn btn-primary_filled" disabled=${busy}>${t('create')}</button>
  </form>`;
}

export const NewGroup = () =>
  me.value &&
  html`<${Menu} class="settings from-tools" label=${t('newGroup')} button=${html`<${Icon} name="attach" size="22" />`}>
    ${(close) => html`<${Form} close=${close} />`}
  <//>`;
