// The tags Feishu knows inside a text: found one by one, then paired up into a tree.
const TAG_NAMES = 'font|text_tag|number_tag|at|person|link|br|hr|b|strong|i|em|u|s|del|a';
const TAG = new RegExp(`^<(/?)(${TAG_NAMES})((?:\\s+[\\w-]+\\s*=\\s*(?:"[^"]*"|'[^']*'|[^\\s"'<>\`]+))*)\\s*/?>`, 'i');
const ATTRIBUTE = /([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>`]+))/g;
const LONE = new Set(['br', 'hr']);

export function attributesOf(text) {
  const found = {};
  for (const [, name, double, single, bare] of text.matchAll(ATTRIBUTE)) {
    found[name.toLowerCase()] = double ?? single ?? bare;
  }
  return found;
}

export function matchTag(source) {
  const match = TAG.exec(source);
  if (!match) return null;
  const [raw, slash, name, attributes] = match;
  return { type: 'tag', raw, name: name.toLowerCase(), closing: slash === '/', attributes: attributesOf(attributes) };
}

/** Nest what stands between an opening and its closing tag; what is never closed ends with its paragraph. */
export function pairTags(tokens) {
  const root = { children: [] };
  const open = [root];
  for (const token of tokens) {
    const top = open.at(-1);
    if (token.type !== 'tag') {
      top.children.push(token.tokens ? { ...token, tokens: pairTags(token.tokens) } : token);
    } else if (LONE.has(token.name)) {
      top.children.push({ ...token, children: [] });
    } else if (!token.closing) {
      const node = { ...token, children: [] };
      top.children.push(node);
      open.push(node);
    } else {
      const depth = open.findLastIndex((node) => node.name === token.name);
      if (depth > 0) open.length = depth;
    }
  }
  return root.children;
}
