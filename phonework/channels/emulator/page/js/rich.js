// Everything that draws cards and rich text; loaded when the first of them is to be shown.
export { Card } from './card/card.js';
export { CodeBlock } from './markdown/code.js';
export { Markdown } from './markdown/markdown.js';
