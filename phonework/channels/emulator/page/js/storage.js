// Small preferences kept in the browser; a browser that forbids storage just forgets them.
export function recall(key, fallback = null) {
  try {
    const text = localStorage.getItem(`phone.${key}`);
    return text === null ? fallback : text;
  } catch {
    return fallback;
  }
}

export function remember(key, value) {
  try {
    if (value === null) localStorage.removeItem(`phone.${key}`);
    else localStorage.setItem(`phone.${key}`, String(value));
  } catch {
    // see above
  }
}
