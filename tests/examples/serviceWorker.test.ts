import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { expect, it } from "vitest";
import { FOLDER, OPTIONS } from "../../examples/serviceWorker/build.js";
import { launchChromium } from "../../runtimes/chromium.js";
import { serve } from "../../runtimes/serve.js";
import { SKIPS_BROWSER } from "../helpers/browser.js";
import { folderOf } from "../helpers/folders.js";

it.skipIf(SKIPS_BROWSER)("the example of a service worker predicts, online and offline, and leaks no tensor", async () => {
  const outdir = folderOf({});
  await build({ ...OPTIONS, outdir });
  const served = await serve({
    texts: { "/": readFileSync(join(FOLDER, "index.html"), "utf8") },
    folders: { "/": `${outdir}/` },
  });
  const browser = await launchChromium();
  try {
    const context = await browser.newContext();
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    const status = page.locator("[role=status]");
    const predict = async (x: string) => {
      await page.getByLabel("x").fill(x);
      await page.getByRole("button", { name: "Predict" }).click();
      const matches = (text: string) => /^(Probabilities|Error)/.test(text);
      await expect.poll(async () => matches(await status.innerText()), { timeout: 60_000 }).toBe(true);
      const text = await status.innerText();
      await page.evaluate(() => ((document.querySelector("[role=status]") as HTMLElement).textContent = ""));
      return text;
    };
    await page.goto(`${served.url}/`);
    const online = [await predict("0.5"), await predict("-0.5"), await predict("0.5")];
    for (const text of online) expect(text).toMatch(/^Probabilities [01]\.\d{3}, [01]\.\d{3}, [01]\.\d{3}; \d+ tensors$/);
    expect(online[1]).not.toBe(online[0]);
    expect(online[2]).toBe(online[0]);
    await context.setOffline(true);
    await served.close();
    await page.reload();
    expect(await predict("0.5")).toBe(online[0]);
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
    await served.close().catch(() => {});
  }
});
