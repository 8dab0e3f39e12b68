import { fileURLToPath } from "node:url";
import * as vite from "vite";
import { expect, it } from "vitest";
import { launchChromium, openPage } from "../../runtimes/chromium.js";
import { serve } from "../../runtimes/serve.js";
import { SKIPS_BROWSER } from "../helpers/browser.js";
import { folderOf } from "../helpers/folders.js";

const ROOT = fileURLToPath(new URL("../../examples/webWorker/", import.meta.url));

interface Said {
  text: string;
  frames: number;
}

it.skipIf(SKIPS_BROWSER)("the example of a web worker trains twice, leaks no tensor, and its page draws meanwhile", async () => {
  const outDir = folderOf({});
  await vite.build({ root: ROOT, logLevel: "error", build: { outDir, emptyOutDir: false } });
  const served = await serve({ texts: {}, folders: { "/": `${outDir}/` } });
  const browser = await launchChromium();
  try {
    const log: string[] = [];
    const page = await openPage(browser, `${served.url}/index.html`, (text) => log.push(text));
    // What the page says in turn, and how many frames it had drawn by then.
    await page.evaluate(() => {
      const [status, output] = ["[role=status]", "output"].map((selector) => document.querySelector(selector) as HTMLElement);
      const said: Said[] = [];
      const note = () => said.push({ text: status?.textContent ?? "", frames: Number(output?.textContent) });
      new MutationObserver(note).observe(status as HTMLElement, { childList: true });
      Object.assign(globalThis, { said });
    });
    const train = async () => {
      await page.getByRole("button", { name: "Train", disabled: false }).waitFor({ timeout: 60_000 });
      await page.evaluate("said.length = 0");
      await page.getByRole("button", { name: "Train" }).click();
      await page.waitForFunction("/^(Done|Error)/.test(said.at(-1)?.text)", undefined, { timeout: 60_000 });
      return (await page.evaluate("said")) as Said[];
    };
    const trainings = [await train(), await train()];
    for (const said of trainings) {
      expect(said.map(({ text }) => text.split(":")[0])).toEqual([
        ...Array.from({ length: 40 }, (_, i) => `Epoch ${i + 1}`),
        "Done",
      ]);
      const loss = (index: number) => Number(said[index]?.text.match(/loss (\S+)/)?.[1]);
      expect(loss(39)).toBeLessThan(0.5 * loss(0));
      expect(said[39]?.frames).toBeGreaterThan(said[0]?.frames as number);
    }
    // The same accuracy, and the same number of tensors.
    expect(trainings[1]?.at(-1)?.text).toMatch(/^Done: \S+ % right; \d+ tensors/);
    expect(trainings[1]?.at(-1)?.text).toBe(trainings[0]?.at(-1)?.text);
    expect(log).toEqual([]);
  } finally {
    await browser.close();
    await served.close();
  }
});
