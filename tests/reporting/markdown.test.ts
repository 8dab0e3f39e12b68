import { describe, expect, it } from "vitest";
import { folded, markdownTable, replaceBlock } from "../../reporting/markdown.js";

describe("markdownTable", () => {
  it("has a head and rows", () => {
    const rows = [
      ["a", "b"],
      ["1", ""],
    ];
    expect(markdownTable(rows)).toBe("| a | b |\n|---|---|\n| 1 |  |");
  });
});

describe("folded", () => {
  it("has blank lines around its blocks, without which they are not Markdown", () => {
    expect(folded("a < b", ["one", "two"])).toBe("<details>\n<summary>a &lt; b</summary>\n\none\n\ntwo\n\n</details>");
  });
});

describe("replaceBlock", () => {
  const text = "a\n<!-- one -->\nold\n<!-- /one -->\nb\n<!-- two -->\n<!-- /two -->\nc\n";

  it("replaces what is between the markers, and nothing else", () => {
    const replaced = replaceBlock(text, "one", "1 $& 1");
    expect(replaced).toBe("a\n<!-- one -->\n\n1 $& 1\n\n<!-- /one -->\nb\n<!-- two -->\n<!-- /two -->\nc\n");
    expect(replaceBlock(replaced, "one", "1 $& 1")).toBe(replaced);
    expect(replaceBlock(text, "two", "2")).toBe(
      "a\n<!-- one -->\nold\n<!-- /one -->\nb\n<!-- two -->\n\n2\n\n<!-- /two -->\nc\n",
    );
  });

  it("refuses missing, doubled and unclosed markers", () => {
    expect(() => replaceBlock(text, "three", "3")).toThrow("'<!-- three -->' must be there once");
    expect(() => replaceBlock(text + text, "one", "1")).toThrow("'<!-- one -->' must be there once");
    const unclosed = "'<!-- one -->' must have '<!-- /one -->' after it";
    expect(() => replaceBlock(text.replace("<!-- /one -->", ""), "one", "1")).toThrow(unclosed);
    expect(() => replaceBlock(text.replace("old", "<!-- old -->"), "one", "1")).toThrow(unclosed);
  });
});
