// What a person has entered into a form, kept while the card is redrawn or the chat is left.
import { signal, createContext } from '../lib.js';
import { list, options } from './values.js';

export const FormContext = createContext(null); // {values, errors, set, element}

const FIELDS = new Set(['input', 'select_static', 'multi_select_static', 'checker']);
const drafts = new Map(); // `${message_id}/${form name}` -> {values, errors}, both signals

function* walk(elements) {
  for (const element of list(elements)) {
    yield element;
    yield* walk(element.elements);
    yield* walk(element.columns);
  }
}

export const fieldsOf = (form) => [...walk(form.elements)].filter((one) => FIELDS.has(one.tag) && one.name);

export function initialValue(field) {
  switch (field.tag) {
    case 'input':
      return String(field.default_value?.content ?? field.default_value ?? '');
    case 'select_static': {
      const index = Number(field.initial_index);
      return field.initial_option ?? (index > 0 ? options(field)[index - 1]?.value : undefined) ?? '';
    }
    case 'multi_select_static':
      return Array.isArray(field.selected_values) ? field.selected_values.map(String) : [];
    default:
      return field.checked === true;
  }
}

export function draftOf(message, form) {
  const key = `${message.message_id}/${form.name}`;
  if (!drafts.has(key)) drafts.set(key, { values: signal({}), errors: signal({}) });
  return drafts.get(key);
}

const valueOf = (draft, field) => draft.values.value[field.name] ?? initialValue(field);
const isEmpty = (value) => value === '' || (Array.isArray(value) && value.length === 0);

/** {name: value} of the form as the click event has it. */
export const formValue = (draft, form) =>
  Object.fromEntries(fieldsOf(form).map((field) => [field.name, valueOf(draft, field)]));

/** Names of required fields which are empty. */
export const missing = (draft, form) =>
  fieldsOf(form).filter((field) => field.required === true && isEmpty(valueOf(draft, field)));

export function reset(draft) {
  draft.values.value = {};
  draft.errors.value = {};
}
