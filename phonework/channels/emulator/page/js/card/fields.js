// The elements that are filled in: inputs, selects, checkers, and the form around them.
import { html, useContext, useMemo, useState } from '../lib.js';
import { t } from '../i18n.js';
import { Icon, Spinner } from '../ui/icons.js';
import { Menu } from '../ui/menu.js';
import { Elements } from './elements.js';
import { draftOf, FormContext, initialValue } from './form_state.js';
import { busyElement, press } from './press.js';
import { options, padding, pixels, spacing, textOf, timezonePart, valuePart } from './values.js';

export function Form({ element, message, path }) {
  const draft = draftOf(message, element);
  const context = useMemo(() => ({ draft, element }), [draft, element]);
  return html`<${FormContext.Provider} value=${context}>
    <div class="form" role="group" style=${{ padding: padding(element.padding), gap: spacing(element.vertical_spacing) }}>
      <${Elements} elements=${element.elements} message=${message} path=${path} />
    </div>
  <//>`;
}

/** The value of a field and how to change it: in the form's draft, or by itself outside a form. */
function useField(element) {
  const form = useContext(FormContext);
  const [own, setOwn] = useState(undefined);
  const entered = form ? form.draft.values.value[element.name] : own;
  const set = (value) => {
    if (!form) return setOwn(value);
    form.draft.values.value = { ...form.draft.values.value, [element.name]: value };
    const { [element.name]: _, ...others } = form.draft.errors.value;
    form.draft.errors.value = others;
    return undefined;
  };
  return { form, value: entered ?? initialValue(element), set, error: form?.draft.errors.value[element.name] };
}

function Labelled({ element, id, error, children }) {
  const label = textOf(element.label);
  return html`<div class=${`field ${element.label_position === 'left' ? 'field-left' : ''}`} style=${{ width: pixels(element.width) }}>
    ${label && html`<label for=${id}>${label}${element.required && html`<span class="required"> *</span>`}</label>`}
    ${children} ${error && html`<p class="field-error" id=${`${id}-error`}>${error}</p>`}
  </div>`;
}

const common = (element, id, error) => ({
  id,
  name: element.name,
  'aria-label': textOf(element.label) ? undefined : textOf(element.placeholder) || element.name,
  'aria-invalid': error ? 'true' : undefined,
  'aria-describedby': error ? `${id}-error` : undefined,
  'aria-required': element.required ? 'true' : undefined,
});

export function Input({ element, message, path }) {
  const { form, value, set, error } = useField(element);
  const id = `${message.message_id}-${element.name || path}`;
  const busy = busyElement(message.message_id);
  const multiline = element.input_type === 'multiline_text';
  const maximum = Math.min(1000, Number(element.max_length) || 1000);
  const send = () =>
    press(message, path, element, { tag: 'input', ...valuePart(element), input_value: value, ...(element.name ? { name: element.name } : {}) });
  const onKeyDown = (event) => {
    if (form || multiline || event.key !== 'Enter' || event.isComposing) return;
    event.preventDefault();
    send();
  };
  const shared = {
    ...common(element, id, error),
    class: 'control',
    value,
    maxlength: maximum,
    placeholder: textOf(element.placeholder),
    disabled: element.disabled === true || busy !== undefined,
    onInput: (event) => set(event.target.value),
    onKeyDown,
  };
  return html`<${Labelled} element=${element} id=${id} error=${error}>
    <div class=${`input ${multiline ? 'input-multiline' : ''}`}>
      ${multiline
        ? html`<textarea ...${shared} rows=${Math.min(12, Number(element.rows) || 3)}></textarea>`
        : html`<input ...${shared} type=${element.input_type === 'password' ? 'password' : 'text'} autocomplete="off" />`}
      ${multiline && element.max_length && html`<span class="counter" aria-hidden="true">${value.length}/${maximum}</span>`}
      ${!form &&
      html`<button type="button" class="input-send" aria-label=${t('send')} disabled=${!value || busy !== undefined} onClick=${send}>
        ${busy === path ? html`<${Spinner} />` : html`<${Icon} name="check" size="16" />`}
      </button>`}
    </div>
  <//>`;
}

export function Select({ element, message, path }) {
  const { form, value, set, error } = useField(element);
  const id = `${message.message_id}-${element.name || path}`;
  const busy = busyElement(message.message_id);
  const choose = async (option) => {
    set(option);
    if (form || option === '') return;
    const action = { tag: 'select_static', ...valuePart(element), option, ...(element.name ? { name: element.name } : {}), ...timezonePart() };
    if (!(await press(message, path, element, action))) set(undefined);
  };
  return html`<${Labelled} element=${element} id=${id} error=${error}>
    <div class="select">
      <select
        ...${common(element, id, error)}
        class=${`control ${value === '' ? 'unset' : ''}`}
        disabled=${element.disabled === true || busy !== undefined}
        value=${value}
        onChange=${(event) => choose(event.target.value)}
      >
        <option value="">${textOf(element.placeholder) || t('choose')}</option>
        ${options(element).map((one) => html`<option key=${one.value} value=${one.value} selected=${one.value === value}>${one.text}</option>`)}
      </select>
      ${busy === path ? html`<${Spinner} />` : html`<${Icon} name="down" size="16" />`}
    </div>
  <//>`;
}

function Choices({ all, chosen, toggle }) {
  return all.map(
    (one) => html`<label class="menu-item choice" key=${one.value}>
      <input type="checkbox" checked=${chosen.includes(one.value)} onChange=${() => toggle(one.value)} />
      <span>${one.text}</span>
    </label>`,
  );
}

export function MultiSelect({ element, message, path }) {
  const { value, set, error } = useField(element);
  const id = `${message.message_id}-${element.name || path}`;
  const busy = busyElement(message.message_id);
  const all = options(element);
  const toggle = (option) =>
    set(all.map((one) => one.value).filter((one) => (one === option) !== value.includes(one)));
  const chosen = all.filter((one) => value.includes(one.value));
  const name = textOf(element.label) || textOf(element.placeholder) || t('choose');
  const button = html`<span id=${id} class="chosen">
      ${chosen.length ? chosen.map((one) => html`<span class="chip" key=${one.value}>${one.text}</span>`) : html`<span class="unset">${textOf(element.placeholder) || t('choose')}</span>`}
    </span>
    <${Icon} name="down" size="16" />`;
  return html`<${Labelled} element=${element} id=${id} error=${error}>
    <${Menu} class="multi" label=${name} triggerClass=${`control ${error ? 'invalid' : ''}`} button=${button} disabled=${element.disabled === true || busy !== undefined}>
      ${() => html`<div role="group" aria-label=${name}><${Choices} all=${all} chosen=${value} toggle=${toggle} /></div>`}
    <//>
  <//>`;
}

export function Checker({ element, message, path }) {
  const { form, value, set } = useField(element);
  const busy = busyElement(message.message_id);
  const change = async (event) => {
    const checked = event.target.checked;
    set(checked);
    if (form) return;
    const action = { tag: 'checker', ...valuePart(element), checked, ...(element.name ? { name: element.name } : {}), ...timezonePart() };
    if (!(await press(message, path, element, action))) set(undefined);
  };
  return html`<label class=${`checker ${value ? 'checked' : ''}`}>
    <input type="checkbox" name=${element.name} checked=${value} disabled=${element.disabled === true || busy !== undefined} onChange=${change} />
    <span>${textOf(element.text)}</span>
    ${busy === path && html`<${Spinner} />`}
  </label>`;
}
