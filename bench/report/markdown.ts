import { replaceBetween } from "../../reporting/markdown.js";

/** The text with what stands between `<!-- bench:NAME -->` and the `<!-- /bench -->` after it replaced, for every name. */
export function replaceBlocks(text: string, blocks: Record<string, string>): string {
  return Object.entries(blocks).reduce(
    (result, [name, block]) => replaceBetween(result, `<!-- bench:${name} -->`, "<!-- /bench -->", block),
    text,
  );
}
