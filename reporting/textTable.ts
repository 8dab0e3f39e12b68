import Table from "cli-table3";

/** A table for a terminal, the first row its heads; columns after the first `left` stand to the right. */
export function textTable([head = [], ...rows]: string[][], left = 1): string {
  const table = new Table({
    head,
    colAligns: head.map((_, column) => (column < left ? "left" : "right")),
    style: { head: [], border: [], compact: true },
  });
  table.push(...rows);
  return table.toString();
}
