// The elements that are pressed: buttons, overflow menus, and containers that act as a button.
import { html, useContext } from '../lib.js';
import { t } from '../i18n.js';
import { Icon, Spinner } from '../ui/icons.js';
import { Menu } from '../ui/menu.js';
import { toast } from '../ui/toast.js';
import { Elements } from './elements.js';
import { FormContext, formValue, missing, reset } from './form_state.js';
import { busyElement, hasCallback, press } from './press.js';
import { background, behaviorsOf, list, options, padding, pixels, spacing, textOf, timezonePart, valuePart, word } from './values.js';

const BUTTON_TYPES = 'default primary danger text primary_text danger_text primary_filled danger_filled laser'.split(' ');

function submit(message, path, element, form) {
  const absent = missing(form.draft, form.element);
  form.draft.errors.value = Object.fromEntries(
    absent.map((field) => [field.name, t(field.tag === 'input' ? 'required' : 'requiredChoice')]),
  );
  if (absent.length) {
    const first = document.getElementById(`${message.message_id}-${absent[0].name}`);
    return first?.closest('button, input, select, textarea')?.focus();
  }
  const action = {
    tag: 'button',
    ...valuePart(element),
    name: element.name,
    form_value: formValue(form.draft, form.element),
    ...timezonePart(),
  };
  return press(message, path, element, action);
}

function onPress(message, path, element, form) {
  const kind = element.form_action_type || element.action_type;
  if (form && (kind === 'submit' || kind === 'form_submit')) return submit(message, path, element, form);
  if (form && (kind === 'reset' || kind === 'form_reset')) return reset(form.draft);
  const named = element.name ? { name: element.name } : {};
  return press(message, path, element, hasCallback(element) ? { tag: 'button', ...valuePart(element), ...named } : null);
}

const opensLink = (element) => behaviorsOf(element).some((one) => one.type === 'open_url');

export function Button({ element, message, path }) {
  const form = useContext(FormContext);
  const busy = busyElement(message.message_id);
  const spinning = busy === path;
  const tips = element.disabled ? textOf(element.disabled_tips) : textOf(element.hover_tips);
  const act = () => {
    if (element.disabled) return tips && toast('info', tips);
    return onPress(message, path, element, form);
  };
  const type = word(element.type, BUTTON_TYPES, 'default');
  const size = word(element.size, ['tiny', 'small', 'medium', 'large'], 'medium');
  return html`<button
    type="button"
    class=${`btn btn-${type} btn-size-${size} ${element.width === 'fill' ? 'btn-fill' : ''} ${spinning ? 'busy' : ''}`}
    style=${{ width: pixels(element.width) }}
    title=${tips || undefined}
    disabled=${(element.disabled && !tips) || (busy !== undefined && !spinning)}
    aria-disabled=${element.disabled || spinning ? 'true' : undefined}
    aria-busy=${spinning ? 'true' : undefined}
    onClick=${spinning ? undefined : act}
  >
    ${spinning && html`<${Spinner} />`}
    <span class="btn-text">${textOf(element.text)}</span>
    ${opensLink(element) && html`<${Icon} name="external" size="14" />`}
  </button>`;
}

export function Overflow({ element, message, path }) {
  const busy = busyElement(message.message_id);
  const choose = (option) => {
    const url = option.raw.multi_url ? { behaviors: [{ type: 'open_url', ...option.raw.multi_url, default_url: option.raw.multi_url.url }] } : {};
    const action = option.raw.multi_url ? null : { tag: 'overflow', ...valuePart(element), option: option.value, ...timezonePart() };
    return press(message, path, { ...element, ...url }, action);
  };
  const button = busy === path ? html`<${Spinner} />` : html`<${Icon} name="more" />`;
  return html`<${Menu} class="overflow" label=${t('more')} triggerClass="btn btn-default btn-icon" button=${button} disabled=${busy !== undefined}>
    ${(close) =>
      options(element).map(
        (option) => html`<button type="button" class="menu-item" onClick=${() => (close(), choose(option))}>${option.text}</button>`,
      )}
  <//>`;
}

export function InteractiveContainer({ element, message, path }) {
  const acts = !element.disabled && list(element.behaviors).length > 0;
  const run = () => press(message, path, element, hasCallback(element) ? { tag: 'interactive_container', ...valuePart(element) } : null);
  const onClick = (event) => !event.target.closest('button, a, input, select, textarea') && run();
  const onKeyDown = (event) => {
    if (event.target !== event.currentTarget || (event.key !== 'Enter' && event.key !== ' ')) return;
    event.preventDefault();
    run();
  };
  return html`<div
    class=${`container ${background(element.background_style)} ${element.has_border ? 'bordered' : ''} ${acts ? 'pressable' : ''}`}
    style=${{ padding: padding(element.padding), borderRadius: pixels(element.corner_radius), gap: spacing(element.vertical_spacing) }}
    role=${acts ? 'button' : undefined}
    tabindex=${acts ? 0 : undefined}
    aria-busy=${busyElement(message.message_id) === path ? 'true' : undefined}
    onClick=${acts ? onClick : undefined}
    onKeyDown=${acts ? onKeyDown : undefined}
  >
    <${Elements} elements=${element.elements} message=${message} path=${path} />
  </div>`;
}
