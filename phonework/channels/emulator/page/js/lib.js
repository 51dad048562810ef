// The three libraries of the page, behind one import.
import { h, render, Fragment } from '../vendor/preact.js';
import htm from '../vendor/htm.js';

export { h, render, Fragment };
export { useEffect, useLayoutEffect, useMemo, useRef, useState, useId, useContext } from '../vendor/hooks.js';
export { createContext } from '../vendor/preact.js';
export { signal, computed, effect, batch } from '../vendor/signals.js';

export const html = htm.bind(h);

/** Join class names; falsy ones are left out. */
export const classes = (...names) => names.filter(Boolean).join(' ');
