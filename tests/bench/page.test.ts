import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writePage } from "../../bench/report/page.js";
import type { Report } from "../../bench/results.js";
import { madeUpReport, SHAPES, timedRow } from "./reports.js";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uan-bench-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function page(report: Report, old?: Report): Promise<string> {
  const file = join(folder, "bench.html");
  await writePage(file, report, old);
  return readFile(file, "utf8");
}

/** The configurations of its charts. */
function charts(html: string) {
  return JSON.parse(/^const charts = (.*);$/m.exec(html)?.[1] ?? "null");
}

describe("writePage", () => {
  it("makes one file, which asks for no other", async () => {
    const html = await page(madeUpReport(SHAPES), madeUpReport(SHAPES));
    expect(await readdir(folder)).toEqual(["bench.html"]);
    expect(html).not.toMatch(/<(link|img|iframe|object|embed|base)\b|\bsrc\s*=|@import|url\(|href="(?!#)|\bfetch\(|\bimport\(/);
    expect(html).toContain("Chart.js v");
  });

  it("has the figures, in charts and tables", async () => {
    const html = await page(madeUpReport(SHAPES));
    expect(charts(html)).toMatchObject([
      { type: "bar", data: { labels: ["[10, 100]"], datasets: [{ data: [4] }, { data: [2] }] } },
    ]);
    for (const text of [
      "times as fast as tf.batchNorm",
      "2.00 (1.97–2.01)",
      "Abacus 9000",
      "@tensorflow/tfjs-core 4.22.0",
      "2025-01-02",
      "Is it fast?",
    ]) {
      expect(html).toContain(text);
    }
    expect(html).not.toContain("Comparison");
  });

  it("has a link to each section, also where its name has spaces", async () => {
    const report = madeUpReport(SHAPES);
    for (const section of report.sections) section.name = "made-up, 2 threads";
    const html = await page(report);
    expect(html).toContain(`<a href="#made-up-2-threads">made-up, 2 threads</a>`);
    expect(html).toContain(`<h2 id="made-up-2-threads">`);
  });

  it("draws lines over numbers", async () => {
    const rows = [1, 10, 100].map((x) => ({ ...timedRow(`${x} components`, "tfjs-uan", x / 1000), x }));
    const [chart] = charts(await page(madeUpReport({ title: "components", axis: "K", rows })));
    expect(chart.type).toBe("line");
    expect(chart.options.scales).toMatchObject({ x: { type: "logarithmic" }, y: { type: "logarithmic" } });
    expect(chart.data.datasets[0].data).toMatchObject([
      { x: 1, y: 1 },
      { x: 10, y: 10 },
      { x: 100, y: 100 },
    ]);
  });

  it("gives the contenders of a table different colors, and each the same in every table", async () => {
    const table = (title: string, ...names: string[]) => ({
      title,
      axis: "x",
      rows: names.map((name) => timedRow("a", name, 1)),
    });
    const drawn = charts(await page(madeUpReport(table("first", "a", "b"), table("second", "c", "b", "a"))));
    const colors = drawn.map(({ data }: { data: { datasets: { label: string; backgroundColor: string }[] } }) =>
      Object.fromEntries(data.datasets.map(({ label, backgroundColor }) => [label, backgroundColor])),
    );
    expect(colors[1]).toMatchObject(colors[0]);
    expect(new Set(Object.values(colors[1])).size).toBe(3);
  });

  it("escapes text", async () => {
    const evil = "</script><script>alert('&')</script>";
    const html = await page(madeUpReport({ ...SHAPES, title: evil, note: evil, rows: [timedRow(evil, evil, 1)] }));
    expect(html).not.toContain(evil);
    expect(html.match(/<script>/g)).toHaveLength(2);
    expect(charts(html)[0].data.labels).toEqual([evil]);
    expect(html).toContain("&lt;/script&gt;&lt;script&gt;alert(&#39;&amp;&#39;)");
  });

  it("has the comparison to an older report", async () => {
    const slower = {
      ...SHAPES,
      rows: [timedRow("[10, 100]", "tfjs-uan", 0.003, { to: "tf.batchNorm", median: 0.7, low: 0.6, high: 0.8 })],
    };
    const html = await page(madeUpReport(SHAPES), madeUpReport(slower));
    expect(html).toContain(`<h2 id="comparison">`);
    expect(html).toContain("<td>+39.7%</td><td>better</td>");
    expect(html).toContain("only in the new: made-up, shapes: [10, 100] tf.batchNorm");
  });
});
