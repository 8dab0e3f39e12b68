import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import * as vite from "vite";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseModel } from "../../examples/live/savedModel.js";
import { launchChromium, openPage } from "../../runtimes/chromium.js";
import { serve } from "../../runtimes/serve.js";
import { describeInChromium } from "../helpers/browser.js";

const CONFIG = fileURLToPath(new URL("../../examples/live/vite.config.ts", import.meta.url));
/** Chromium on a busy machine. */
const PATIENCE = 45_000;

/** Opens the page, and closes it after `use`. @returns what it wrote to the console, and its uncaught errors */
async function onPage(
  { browser, folder, isolated = false, query = "" }: { browser: Browser; folder: string; isolated?: boolean; query?: string },
  use: (page: Page) => Promise<void>,
): Promise<string[]> {
  const messages: string[] = [];
  const served = await serve({ isolated, folders: { "/": `${folder}/` } });
  try {
    const page = await openPage(browser, `${served.url}/index.html${query}`, (text) => messages.push(text));
    page.setDefaultTimeout(PATIENCE);
    try {
      await use(page);
      return messages;
    } finally {
      await page.close();
    }
  } finally {
    await served.close();
  }
}

/** Waits until the page says the text, or that something did not work. */
async function says(page: Page, text: string): Promise<void> {
  const said = await page.waitForFunction((text) => {
    const status = document.getElementById("status");
    return (status?.dataset.failed !== undefined || status?.textContent?.includes(text)) && status?.textContent;
  }, text);
  expect(await said.jsonValue()).toContain(text);
}

const steps = (page: Page, count: number) =>
  page.waitForFunction((count) => Number(document.body.dataset.step ?? 0) >= count, count);

const stepCount = async (page: Page) => Number(await page.locator("body").getAttribute("data-step"));
const tensors = async (page: Page) => Number(await page.locator("body").getAttribute("data-tensors"));

/** The texts of a table's body, row by row. */
const rows = (page: Page, id: string) =>
  page
    .locator(`#${id} tbody tr`)
    .evaluateAll((found) => found.map((row) => Array.from(row.children, (cell) => cell.textContent)));

/** How many colors a canvas shows. */
const colors = (page: Page, id: string) =>
  page.locator(`#${id}`).evaluate((canvas) => {
    const { width, height } = canvas as HTMLCanvasElement;
    const { data } = ((canvas as HTMLCanvasElement).getContext("2d") as CanvasRenderingContext2D).getImageData(
      0,
      0,
      width,
      height,
    );
    return new Set(new Uint32Array(data.buffer)).size;
  });

/** Trains to the step, and pauses. */
async function trainTo(page: Page, step: number): Promise<void> {
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await steps(page, step);
  await page.getByRole("button", { name: "Pause" }).click();
  await says(page, "Paused.");
  await page.locator("#density-caption", { hasText: `after ${await stepCount(page)} steps` }).waitFor();
}

describeInChromium("the live page", () => {
  let folder: string;
  let browser: Browser;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "tfjs-uan-live-"));
    await vite.build({ configFile: CONFIG, logLevel: "error", build: { outDir: folder } });
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    [true, "page isolated"],
    [false, "Ready: WebAssembly on 1 thread, page not isolated"],
  ])("trains on 'wasm', keeps no tensors, and pauses (isolated: %s)", async (isolated, text) => {
    const messages = await onPage({ browser, folder, isolated }, async (page) => {
      await says(page, text);
      await page.getByRole("button", { name: "One step" }).click();
      await steps(page, 1);
      expect(await stepCount(page)).toBe(1);
      const kept = await tensors(page);
      await trainTo(page, 40);
      const before = await stepCount(page);
      await page.getByRole("button", { name: "One step" }).click();
      await steps(page, before + 1);
      expect(await stepCount(page)).toBe(before + 1);
      expect(await tensors(page)).toBe(kept);
      const numbers = await rows(page, "numbers");
      expect(numbers.map(([name]) => name)).toEqual(["UAN", "batch normalization", "no normalization"]);
      // Ten digits: what knows nothing has a loss of log 10 = 2.3, and an accuracy of 10 %.
      for (const [, loss, accuracy] of numbers) {
        expect(Number(loss)).toBeLessThan(2);
        expect(Number.parseInt(accuracy as string, 10)).toBeGreaterThan(30);
      }
      for (const id of ["loss", "accuracy", "density"]) expect(await colors(page, id)).toBeGreaterThan(3);
    });
    expect(messages).toEqual([]);
  });

  it("trains on 'webgpu'", async () => {
    const messages = await onPage({ browser, folder, query: "?backend=webgpu" }, async (page) => {
      // In software a step is slow.
      page.setDefaultTimeout(2 * PATIENCE);
      await says(page, "Ready: WebGPU");
      await page.getByLabel("Digits in a batch").selectOption("2");
      await says(page, "Ready: WebGPU");
      await page.getByRole("button", { name: "One step" }).click();
      await steps(page, 1);
      const kept = await tensors(page);
      await page.getByRole("button", { name: "One step" }).click();
      await steps(page, 2);
      expect(await tensors(page)).toBe(kept);
      for (const [, loss] of await rows(page, "numbers")) expect(Number(loss)).toBeLessThan(10);
      expect(await rows(page, "mixture")).toHaveLength(3);
    });
    expect(messages).toEqual([]);
  }, 240_000);

  it("shows each channel's mixture of K components, and starts again with another K", async () => {
    const messages = await onPage({ browser, folder }, async (page) => {
      await says(page, "Ready");
      await page.locator("#density[aria-label*='channel 1']").waitFor();
      expect(await rows(page, "mixture")).toHaveLength(3);
      await page.getByLabel("Channel", { exact: true }).focus();
      await page.keyboard.press("ArrowRight");
      await page.locator("#density[aria-label*='channel 2,']").waitFor();
      await page.getByLabel("Layer").selectOption({ index: 1 });
      await page.locator("#density-caption", { hasText: "normalization 2" }).waitFor();
      await page.getByLabel("Components, K").fill("5");
      await page.getByLabel("Components, K").press("Tab");
      await page.locator("#mixture tbody tr").nth(4).waitFor();
      const priors = (await rows(page, "mixture")).map(([, prior]) => prior);
      expect(priors).toEqual(new Array(5).fill("20 %"));
      await page.getByLabel("Components, K").fill("99");
      await page.getByLabel("Components, K").press("Tab");
      await page.locator("#mixture tbody tr").nth(5).waitFor();
      expect(await page.getByLabel("Components, K").inputValue()).toBe("6");

      await page.getByRole("button", { name: "Train", exact: true }).click();
      await steps(page, 2);
      await page.getByLabel("Components, K").fill("2");
      await page.getByLabel("Components, K").press("Tab");
      await says(page, "Ready");
      expect(await page.locator("#step-count").textContent()).toBe("0");
    });
    expect(messages).toEqual([]);
  });

  it("reads what is drawn by mouse and by keyboard, and says which component took each activation", async () => {
    const messages = await onPage({ browser, folder }, async (page) => {
      await says(page, "Ready");
      const pad = page.locator("#pad");
      await pad.scrollIntoViewIfNeeded();
      const { x, y, width, height } = (await pad.boundingBox()) as { x: number; y: number; width: number; height: number };
      await page.mouse.move(x + width / 2, y + height / 5);
      await page.mouse.down();
      await page.mouse.move(x + width / 2, y + (4 * height) / 5, { steps: 4 });
      await page.mouse.up();
      const read = page.locator("#predictions tbody td", { hasText: /^\d$/ }).first();
      await read.waitFor();
      expect(await colors(page, "map")).toBeGreaterThan(1);
      const parts = (await page.locator("#legend li").allTextContents()).map((text) => Number(/(\d+) %/.exec(text)?.[1]));
      expect(parts).toHaveLength(3);
      expect(Math.abs(parts.reduce((sum, part) => sum + part, 0) - 100)).toBeLessThanOrEqual(2);
      await page.locator("#map").focus();
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowDown");
      await page.locator("#map-status", { hasText: /^row 2, column 1: activation -?\d.*component \d \d+ %/ }).waitFor();

      await page.getByRole("button", { name: "Clear" }).click();
      await page.locator("#predictions tbody td", { hasText: "–" }).first().waitFor();
      await pad.focus();
      await page.keyboard.press("Space");
      for (let i = 0; i < 6; i++) await page.keyboard.press("ArrowUp");
      await page.keyboard.press("Space");
      await page.locator("#pad-status", { hasText: "Pen up" }).waitFor();
      await read.waitFor();

      await page.getByRole("button", { name: "A test digit" }).click();
      await says(page, "A test digit: 7");
    });
    expect(messages).toEqual([]);
  });

  it("measures, saves and loads, in the browser and as a file, and says what is wrong with a file", async () => {
    const messages = await onPage({ browser, folder }, async (page) => {
      await says(page, "Ready");
      const click = (name: string) => page.getByRole("button", { name }).click();
      await click("Measure");
      await says(page, "Measured.");
      const speeds = await rows(page, "speeds");
      expect(speeds.map(([name]) => name)).toEqual([
        "UAN, K = 3",
        "tf.batchNorm, this library's kernel",
        "tf.batchNorm, TensorFlow.js's kernel",
      ]);
      for (const [, nanoseconds] of speeds) expect(Number(nanoseconds)).toBeGreaterThan(0);

      await click("Load from this browser");
      await says(page, "this browser has kept no model");
      await trainTo(page, 3);
      const learned = await rows(page, "mixture");
      await click("Save in this browser");
      await says(page, "This browser keeps the model.");
      const [download] = await Promise.all([page.waitForEvent("download"), click("Download")]);
      const text = readFileSync(await download.path(), "utf8");
      expect(parseModel(text).weightSpecs.length).toBeGreaterThan(10);

      const open = (text: string) =>
        page
          .getByLabel("Open a file")
          .setInputFiles({ name: "model.json", mimeType: "application/json", buffer: Buffer.from(text) });
      for (const load of [() => click("Load from this browser"), () => open(text)]) {
        await page.getByLabel("Components, K").fill("2");
        await page.getByLabel("Components, K").press("Tab");
        await says(page, "Ready");
        await page.waitForFunction(() => document.querySelectorAll("#mixture tbody tr").length === 2);
        await load();
        await says(page, "The model is loaded, with K = 3");
        await page.waitForFunction(() => document.querySelectorAll("#mixture tbody tr").length === 3);
        expect(await rows(page, "mixture")).toEqual(learned);
      }
      await click("One step");
      await steps(page, 1);
      const kept = await tensors(page);
      await trainTo(page, 5);
      expect(await tensors(page)).toBe(kept);
      await open('{ "weights": "" }');
      await says(page, "the file must hold a model: modelTopology, weightSpecs and weights, got weights");
    });
    expect(messages).toEqual([]);
  });

  it("fits a phone, and turns dark with the system", async () => {
    const messages = await onPage({ browser, folder }, async (page) => {
      await page.setViewportSize({ width: 360, height: 640 });
      await says(page, "Ready");
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
      const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const light = await background();
      await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
      expect(await background()).not.toBe(light);
      await trainTo(page, 2);
      await page.locator("#step-count", { hasText: /[2-9]/ }).waitFor();
      expect(await page.getByRole("button", { name: "Train", exact: true }).getAttribute("aria-pressed")).toBe("false");
      const unnamed = await page
        .locator("button, input, select, canvas[tabindex]")
        .evaluateAll((all) =>
          all
            .filter((one) => !one.ariaLabel && !one.textContent?.trim() && !(one as HTMLInputElement).labels?.length)
            .map(({ id }) => id),
        );
      expect(unnamed).toEqual([]);
    });
    expect(messages).toEqual([]);
  });
});
