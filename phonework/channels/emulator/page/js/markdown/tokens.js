// Text to block tokens: marked's lexer, bent to what Feishu's Markdown has.
import { Marked } from '../../vendor/marked.js';
import { matchTag } from './tags.js';

const MAX_CHARACTERS = 200_000;

const never = () => undefined; // "not mine": the text goes on to the next rule, and in the end is shown as it stands

const marked = new Marked({
  gfm: true,
  breaks: true,
  // Feishu has no HTML blocks, link definitions or underlined headings; unknown tags are shown as typed.
  tokenizer: { html: never, tag: never, def: never, lheading: never, reflink: never },
  extensions: [],
});
marked.use({
  extensions: [
    { name: 'tag', level: 'inline', start: (source) => source.indexOf('<'), tokenizer: (source) => matchTag(source) || undefined },
  ],
});

/** Block tokens of a Markdown text; anything the lexer chokes on becomes one paragraph of plain text. */
export function parseMarkdown(text) {
  if (text.length > MAX_CHARACTERS) return [{ type: 'plain', text }];
  try {
    return marked.lexer(text);
  } catch {
    return [{ type: 'plain', text }];
  }
}
