// Reading of card JSON that may be anything: every helper gives a safe value of its kind.
import { translated } from '../i18n.js';
import { colorClass } from '../markdown/marks.js';

export const list = (value) => (Array.isArray(value) ? value.filter((one) => one && typeof one === 'object') : []);
export const word = (value, known, fallback) => (known.includes(value) ? value : fallback);

/** The text of {"tag": "plain_text", "content": "..."}, or of a bare string. */
export const textOf = (value) => translated(value);

const SIZES = 'heading-0 heading-1 heading-2 heading-3 heading-4 heading normal notation xxxx-large xxx-large xx-large x-large large medium small x-small'.split(' ');
const ALIGNMENTS = ['left', 'center', 'right'];

export function textClasses({ text_size: size, text_align: align, text_color: color } = {}) {
  const names = [];
  if (SIZES.includes(size)) names.push(`size-${size}`);
  if (ALIGNMENTS.includes(align)) names.push(`align-${align}`);
  if (color) names.push(colorClass(color, 'c'));
  return names.join(' ');
}

export const background = (name) => (name && name !== 'default' ? colorClass(name, 'bg') : '');

const SPACING = { small: '4px', medium: '8px', large: '12px', extra_large: '16px' };
const PIXELS = /^\d{1,3}px$/;

export const spacing = (value) => SPACING[value] || (PIXELS.test(value) ? value : undefined);
export const pixels = (value) => (PIXELS.test(value) ? value : undefined);
export const padding = (value) =>
  typeof value === 'string' && /^(-?\d{1,2}px ?){1,4}$/.test(value) && !value.includes('-') ? value : undefined;

const POSITIONS = { left: 'flex-start', right: 'flex-end', center: 'center', top: 'flex-start', bottom: 'flex-end' };
export const position = (value) => POSITIONS[value];

export const behaviorsOf = (element) => list(element.behaviors);
export const callbackOf = (element) => behaviorsOf(element).find((one) => one.type === 'callback');

/** {"value": ...} of the callback, as the click event carries it; nothing if there is none. */
export function valuePart(element) {
  const value = callbackOf(element)?.value ?? element.value;
  return value === undefined ? {} : { value };
}

export const timezonePart = () => ({ timezone: Intl.DateTimeFormat().resolvedOptions().timeZone });

export const options = (element) =>
  list(element.options).map((one) => ({ value: String(one.value ?? ''), text: textOf(one.text) || String(one.value ?? ''), raw: one }));
