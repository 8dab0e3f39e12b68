import { describe, expect, it } from "vitest";
import { escapeHtml, htmlTable } from "../../reporting/html.js";
import { scriptLiteral, selfContainedPage } from "../../reporting/page.js";
import { textTable } from "../../reporting/textTable.js";

const ROWS = [
  ["name", "figure"],
  ["a < b", "1"],
];

describe("escapeHtml", () => {
  it("leaves nothing that ends a text or an attribute", () => {
    expect(escapeHtml(`<a b="c" d='e'>&`)).toBe("&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
  });
});

describe("htmlTable", () => {
  it("has heads, rows, and text escaped", () => {
    expect(htmlTable(ROWS)).toBe("<table><tr><th>name</th><th>figure</th></tr><tr><td>a &lt; b</td><td>1</td></tr></table>");
  });
});

describe("textTable", () => {
  it("aligns the first column to the left, the others to the right", () => {
    expect(textTable(ROWS).split("\n")).toEqual([
      "┌───────┬────────┐",
      "│ name  │ figure │",
      "├───────┼────────┤",
      "│ a < b │      1 │",
      "└───────┴────────┘",
    ]);
  });
});

describe("scriptLiteral", () => {
  it("cannot end the script, and means the value", () => {
    const value = { text: "</script><!--" };
    expect(scriptLiteral(value)).not.toContain("<");
    expect(JSON.parse(scriptLiteral(value))).toEqual(value);
  });
});

describe("selfContainedPage", () => {
  it("has title, style, body, Chart.js and then the script", async () => {
    const html = await selfContainedPage({ title: "a & b", style: "p {}", body: "<p>c</p>", script: "new Chart();" });
    const parts = ["<title>a &amp; b</title>", "p {}", "<h1>a &amp; b</h1>", "<p>c</p>", "Chart.js v", "new Chart();"];
    const places = parts.map((part) => html.indexOf(part));
    expect(places.every((place) => place > 0)).toBe(true);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });
});
