/** A table in Markdown, the first row its heads. */
export function markdownTable([head = [], ...rows]: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

/** The text with what stands between a marker, which is there once, and the next one, which is to be `close`, replaced. */
export function replaceBetween(text: string, open: string, close: string, block: string): string {
  const [before, after, ...more] = text.split(open);
  if (after === undefined || more.length > 0) throw new Error(`'${open}' must be there once`);
  const end = after.indexOf(close);
  if (end < 0 || after.slice(0, end).includes("<!-- ")) throw new Error(`'${open}' must have '${close}' after it`);
  return `${before}${open}\n\n${block}\n\n${after.slice(end)}`;
}
