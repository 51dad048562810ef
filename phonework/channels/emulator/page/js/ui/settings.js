// Who one is, how the page looks and which language it speaks.
import { html, signal } from '../lib.js';
import { chooseLanguage, languageChoice, t } from '../i18n.js';
import { me, switchUser, users } from '../store.js';
import { recall, remember } from '../storage.js';
import { Avatar, Icon } from './icons.js';
import { Menu } from './menu.js';

const theme = signal(recall('theme', 'auto'));

function chooseTheme(choice) {
  theme.value = choice;
  remember('theme', choice === 'auto' ? null : choice);
  if (choice === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
}

function Choice({ title, value, options, choose }) {
  return html`<div class="setting" role="radiogroup" aria-label=${title}>
    <div class="setting-title">${title}</div>
    <div class="segments">
      ${options.map(
        ([key, label]) => html`<button type="button" role="radio" key=${key} aria-checked=${key === value ? 'true' : 'false'} onClick=${() => choose(key)}>${label}</button>`,
      )}
    </div>
  </div>`;
}

function User({ user, close }) {
  const current = user.open_id === me.value.open_id;
  return html`<button
    type="button"
    class="menu-item user"
    role="radio"
    aria-checked=${current ? 'true' : 'false'}
    onClick=${() => (close(), current || switchUser(user.open_id))}
  >
    <${Avatar} name=${user.name} size="28" /><span>${user.name}</span>${current && html`<${Icon} name="check" size="18" />`}
  </button>`;
}

export function Settings() {
  if (!me.value) return null;
  const button = html`<${Avatar} name=${me.value.name} size="32" /><${Icon} name="settings" size="20" />`;
  return html`<${Menu} class="settings" label=${`${t('settings')} · ${me.value.name}`} triggerClass="settings-button" button=${button}>
    ${(close) => html`
      <div class="setting" role="radiogroup" aria-label=${t('actingAs')}>
        <div class="setting-title">${t('actingAs')}</div>
        ${users.value.map((user) => html`<${User} key=${user.open_id} user=${user} close=${close} />`)}
      </div>
      <${Choice}
        title=${t('theme')}
        value=${theme.value}
        choose=${chooseTheme}
        options=${[
          ['auto', t('themeAuto')],
          ['light', t('themeLight')],
          ['dark', t('themeDark')],
        ]}
      />
      <${Choice}
        title=${t('language')}
        value=${languageChoice.value}
        choose=${chooseLanguage}
        options=${[
          ['auto', t('languageAuto')],
          ['zh', '中文'],
          ['en', 'English'],
        ]}
      />
    `}
  <//>`;
}
