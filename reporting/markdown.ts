/** A table in Markdown, the first row its heads. */
export function markdownTable([head = [], ...rows]: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

/** The text with what stands between two markers, each of them there once, replaced. */
export function replaceBetween(text: string, open: string, close: string, block: string): string {
  const [before, after, ...more] = text.split(open);
  const end = after?.indexOf(close) ?? -1;
  if (after === undefined || more.length > 0 || end < 0) throw new Error(`'${open}' must be there once, and '${close}' after it`);
  return `${before}${open}\n\n${block}\n\n${after.slice(end)}`;
}
