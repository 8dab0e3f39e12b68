import Table from "cli-table3";

/** A table for a terminal. The first row is its heads. The first `left` columns are aligned to the left, the others to the right. */
export function textTable([head = [], ...rows]: string[][], left = 1): string {
  const table = new Table({
    head,
    colAligns: head.map((_, column) => (column < left ? "left" : "right")),
    style: { head: [], border: [], compact: true },
  });
  table.push(...rows);
  return table.toString();
}
