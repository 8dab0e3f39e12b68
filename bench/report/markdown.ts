/** A table in Markdown, the first row its heads. */
export function markdownTable([head = [], ...rows]: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

/** The text with what stands between `<!-- bench:NAME -->` and the `<!-- /bench -->` after it replaced, for every name. */
export function replaceBlocks(text: string, blocks: Record<string, string>): string {
  return Object.entries(blocks).reduce((result, [name, block]) => {
    const [open, close] = [`<!-- bench:${name} -->`, "<!-- /bench -->"];
    const [before, after, ...more] = result.split(open);
    if (after === undefined || more.length > 0) throw new Error(`'${open}' must be there once`);
    const end = after.indexOf(close);
    if (end < 0 || after.slice(0, end).includes("<!-- bench:")) throw new Error(`'${open}' must have '${close}' after it`);
    return `${before}${open}\n\n${block}\n\n${after.slice(end)}`;
  }, text);
}
