import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writePage } from "../../../paper/report/page.js";
import type { Results } from "../../../paper/results.js";
import { launchChromium, openPage } from "../../../runtimes/chromium.js";
import { describeInChromium } from "../../helpers/browser.js";
import { diverged, epoch, everything, mixture, results, run, seeds } from "./madeUp.js";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uan-paper-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function written(of: Results): Promise<string> {
  const file = join(folder, "page.html");
  await writePage(file, of);
  return file;
}

/** Opens a page in Chromium, with what its console says. */
async function seen<T>(of: Results, look: (page: Page) => Promise<T>): Promise<{ found: T; said: string[] }> {
  const file = await written(of);
  const said: string[] = [];
  const browser = await launchChromium();
  try {
    const page = await openPage(browser, pathToFileURL(file).href, (text) => said.push(text));
    return { found: await look(page), said };
  } finally {
    await browser.close();
  }
}

describe("writePage", () => {
  it("writes one file that loads no other", async () => {
    const html = await readFile(await written(everything()), "utf8");
    expect(await readdir(folder)).toEqual(["page.html"]);
    expect(html).not.toMatch(/<(link|img|iframe|object|embed|base)\b|\bsrc\s*=|@import|url\(|href="(?!#)|\bfetch\(|\bimport\(/);
    expect(html).toContain("Chart.js v");
  });

  it("has machine and software, settings, verdicts and tables", async () => {
    const html = await readFile(await written(everything()), "utf8");
    for (const text of [
      "Preset quick: made up. 4 cores of Abacus 9000; Node.js v20.1.0, wasm; 2025-01-02T03:04:05.000Z.",
      "This is not the paper&#39;s scale",
      '<h2 id="batch-size">Does UAN do without large batches?</h2>',
      "Training: 4 epochs of batches of 2 (2000 steps)",
      "<b>not to be told apart</b>: batches of 2 and 8",
      "<td>BN</td><td>81.5 ± 0.7</td><td>81.5 ± 0.7</td>",
      "<caption>precision after shares of the epochs, %: MNIST, learning rate 0.001</caption>",
      "In use: the effective number of components",
    ]) {
      expect(html).toContain(text);
    }
  });

  it("escapes text", async () => {
    const evil = "</script><script>alert('&')</script>";
    const [first] = seeds({}, [0.5]);
    const html = await readFile(
      await written({ ...results([{ ...(first as typeof first & object), source: evil }]), machine: evil }),
      "utf8",
    );
    expect(html).not.toContain(evil);
    expect(html.match(/<script>/g)).toHaveLength(2);
    expect(html).toContain("&lt;/script&gt;&lt;script&gt;alert(&#39;&amp;&#39;)");
  });
});

describeInChromium("the page in Chromium", () => {
  /** For every chart: its title, and whether anything is drawn in its box. */
  const charts = (page: Page) =>
    page.evaluate(`[...document.querySelectorAll("canvas")].map((canvas) => {
      const chart = Chart.getChart(canvas);
      const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
      return {
        title: chart.options.plugins.title.text,
        isDrawn: pixels.some((value) => value > 0),
      };
    })`) as Promise<{ title: string; isDrawn: boolean }[]>;

  it("draws all charts, without messages in the console", async () => {
    const { found, said } = await seen(everything(), charts);
    expect(said).toEqual([]);
    expect(found.filter(({ isDrawn }) => !isDrawn)).toEqual([]);
    expect(found.map(({ title }) => title)).toEqual([
      "training loss: MNIST, learning rate 0.001",
      "test accuracy: MNIST, learning rate 0.001",
      "turn of the gradient along a step: learning rate 0.001",
      "turn by how far along the step: learning rate 0.001",
      "norm, convolution 1, learning rate 0.001",
      "variance, convolution 1, learning rate 0.001",
      "norm, convolution 2, learning rate 0.001",
      "variance, convolution 2, learning rate 0.001",
      "test accuracy by batch size: CNN, learning rate 0.001",
      "test accuracy by K",
      ...[1, 2].flatMap((count) =>
        [0, 5].flatMap((channel) => ["start", "end"].map((when) => `K = ${count}, channel ${channel}, ${when}`)),
      ),
      "test accuracy by batch size: half of every batch inverted, perceptron",
      "test accuracy: CNN",
      "test accuracy on the source, MNIST",
      "test accuracy on the target, MNIST-shifted (made from MNIST)",
    ]);
  });

  it("has ticks at the measured batch sizes", async () => {
    const ticks = (page: Page) =>
      page.evaluate(`[...document.querySelectorAll("canvas")].map((canvas) => Chart.getChart(canvas))
        .find((chart) => chart.options.plugins.title.text === "test accuracy by batch size: CNN, learning rate 0.001").scales.x.ticks.map(({ label }) => label)`);
    expect((await seen(everything(), ticks)).found).toEqual(["2", "8"]);
  });

  it("draws diverged runs, and experiments with missing runs", async () => {
    const lost = results([
      diverged({}),
      diverged({ experiment: "batch-size" }),
      run({ experiment: "gradients" }, [epoch(4, Number.NaN, 0.1)], { gradients: [] }),
      run({ experiment: "components", method: "uan-data" }, [epoch(4, 0.1, 0.9)], { mixtures: [mixture(3, 3)] }),
      diverged({ experiment: "domain-adaptation" }),
    ]);
    const { found, said } = await seen(lost, charts);
    expect(said).toEqual([]);
    expect(found.filter(({ isDrawn }) => !isDrawn)).toEqual([]);
  });
});
