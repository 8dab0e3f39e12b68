import { escapeHtml } from "./html.js";

/** A table in Markdown. The first row is its head. */
export function markdownTable([head = [], ...rows]: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

/** Blocks of Markdown that a reader opens by a click on their summary. */
export function folded(summary: string, blocks: string[]): string {
  return [`<details>\n<summary>${escapeHtml(summary)}</summary>`, ...blocks, "</details>"].join("\n\n");
}

/**
 * Replaces what stands between the markers `<!-- NAME -->` and `<!-- /NAME -->`.
 *
 * @throws unless the text has both markers once, and no other comment between them
 */
export function replaceBlock(text: string, name: string, block: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [before, after, ...more] = text.split(open);
  if (after === undefined || more.length > 0) throw new Error(`'${open}' must be there once`);
  const end = after.indexOf(close);
  if (end < 0 || after.slice(0, end).includes("<!-- ")) throw new Error(`'${open}' must have '${close}' after it`);
  return `${before}${open}\n\n${block}\n\n${after.slice(end)}`;
}
