// Colours for fenced code: enough to read a diff or a short program, not a grammar.
const KEYWORDS = new Set(
  (
    'and as assert async await break case catch class const continue def defer del do elif else enum except export ' +
    'extends final finally fn for from func function go if impl import in interface is lambda let match mod mut new ' +
    'not or package pass private protected public pub raise return self static struct super switch this throw trait ' +
    'try type use var void where while with yield then fi esac done echo export local sudo True False None true ' +
    'false null nil undefined select insert update delete into values create table where set join order group by'
  ).split(' '),
);
const HASH_COMMENTS = new Set('bash sh shell zsh console py python ruby yaml yml toml dockerfile makefile'.split(' '));
const SLASH_COMMENTS = new Set('js javascript ts typescript jsx tsx go rust rs java kotlin swift c cpp c++ css php'.split(' '));
const OTHERS = new Set(['json', 'sql']);
const MAX_CHARACTERS = 20_000;

const STRINGS = String.raw`"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'`;
const REST = String.raw`|(\b\d[\w.]*)|([A-Za-z_]\w*)`;
const rule = (comment) => new RegExp(`(${comment})|(${STRINGS})${REST}`, 'g');
const HASH = rule(String.raw`(?<![\w$])#[^\n]*`);
const SLASH = rule(String.raw`\/\/[^\n]*|\/\*[^]*?\*\/`);
const SQL = rule(String.raw`--[^\n]*`);

const ruleFor = (language) =>
  HASH_COMMENTS.has(language) ? HASH : SLASH_COMMENTS.has(language) ? SLASH : OTHERS.has(language) ? SQL : null;

/** A list of strings and [class, string] pairs. */
export function highlight(code, language) {
  const pattern = code.length <= MAX_CHARACTERS && ruleFor(language);
  if (!pattern) return [code];
  const parts = [];
  let end = 0;
  for (const match of code.matchAll(pattern)) {
    const [whole, comment, string, number, word] = match;
    const kind = comment ? 'k-comment' : string ? 'k-string' : number ? 'k-number' : KEYWORDS.has(word) && 'k-word';
    if (!kind) continue;
    parts.push(code.slice(end, match.index), [kind, whole]);
    end = match.index + whole.length;
  }
  parts.push(code.slice(end));
  return parts;
}

/** What a line of a diff is: its class, or '' for context. */
export function diffLine(line) {
  if (/^(\+\+\+|---|diff |index )/.test(line)) return 'd-file';
  if (line.startsWith('@@')) return 'd-hunk';
  if (line.startsWith('+')) return 'd-add';
  if (line.startsWith('-')) return 'd-delete';
  return '';
}
