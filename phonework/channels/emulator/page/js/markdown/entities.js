// HTML entities to characters, without a parser that could run anything.
const NAMED = {
  amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0', copy: '©', reg: '®', trade: '™', hellip: '…',
  mdash: '—', ndash: '–', laquo: '«', raquo: '»', lsquo: '‘', rsquo: '’', ldquo: '“', rdquo: '”', middot: '·',
  bull: '•', times: '×', divide: '÷', deg: '°', para: '¶', sect: '§', larr: '←', uarr: '↑', rarr: '→', darr: '↓',
  check: '✓', ensp: '\u2002', emsp: '\u2003', yen: '¥', euro: '€', pound: '£', cent: '¢',
  sim: '~', // Feishu's documents give &sim; as the escape of the ASCII tilde
};

function codePoint(digits, base) {
  const code = Number.parseInt(digits, base);
  const valid = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return valid ? String.fromCodePoint(code) : '\ufffd';
}

export const decodeEntities = (text) =>
  text.includes('&')
    ? text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,6}));/gi, (whole, decimal, hex, name) => {
        if (decimal) return codePoint(decimal, 10);
        if (hex) return codePoint(hex, 16);
        return Object.hasOwn(NAMED, name) ? NAMED[name] : whole;
      })
    : text;
