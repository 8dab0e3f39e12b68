import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import react from "@vitejs/plugin-react";
import type { Page } from "playwright-core";
import * as vite from "vite";
import { expect, it } from "vitest";
import { launchChromium, openPage } from "../../runtimes/chromium.js";
import { inProject, ROOT } from "../../runtimes/project.js";
import { SKIPS_BROWSER } from "../helpers/browser.js";

/** Serves a copy of the example from vite's development server. @param use gets the page, and a function that edits a file of it */
async function inApp(use: (page: Page, edit: (file: string, from: string, to: string) => void) => Promise<void>): Promise<void> {
  await inProject(async (folder) => {
    for (const name of ["react", "react-dom", "scheduler", "vite"]) {
      symlinkSync(join(ROOT, "node_modules", name), join(folder, "node_modules", name), "junction");
    }
    cpSync(join(ROOT, "examples/react"), join(folder, "app"), { recursive: true });
    const server = await vite.createServer({
      root: join(folder, "app"),
      configFile: false,
      plugins: [react()],
      logLevel: "error",
      cacheDir: join(folder, "cache"),
      server: { port: 0, host: "127.0.0.1", fs: { strict: false } },
    });
    await server.listen();
    const browser = await launchChromium();
    try {
      const page = await openPage(browser, server.resolvedUrls?.local[0] as string, (text) => log.push(text));
      await use(page, (file, from, to) => {
        const path = join(folder, "app", file);
        const text = readFileSync(path, "utf8");
        expect(text).toContain(from);
        writeFileSync(path, text.replace(from, to));
      });
    } finally {
      await browser.close();
      await server.close();
    }
  });
}
const log: string[] = [];

it.skipIf(SKIPS_BROWSER)(
  "the example of React has one model in StrictMode and after hot reloads, and none when it is hidden",
  () =>
    inApp(async (page, edit) => {
      const output = async (name: string) => Number(await page.locator(`output[name=${name}]`).innerText());
      const eventually = (name: string) => expect.poll(() => output(name), { timeout: 60_000 });
      const click = (name: string) => page.getByRole("button", { name }).click();

      await eventually("made").toBe(1);
      await eventually("tensors").toBeGreaterThan(0);
      await click("Train");
      await eventually("steps").toBe(20);
      const first = await output("loss");
      await page.waitForTimeout(300); // the page counts tensors ten times a second
      const tensors = await output("tensors");

      edit("App.tsx", "A model in React", "A reloaded model");
      await page.getByRole("heading", { name: "A reloaded model" }).waitFor();
      expect([await output("made"), await output("steps")]).toEqual([1, 20]);
      edit("trainer.ts", "snapshot.steps + 1", "snapshot.steps + 100");
      await expect
        .poll(
          async () => {
            await click("Train");
            await page.getByRole("button", { name: "Train", disabled: false }).waitFor();
            return output("steps");
          },
          { timeout: 60_000 },
        )
        .toBeGreaterThan(2000);
      expect(await output("made")).toBe(1);
      expect(await output("loss")).toBeLessThan(first);
      await eventually("tensors").toBe(tensors);

      await click("Train");
      await click("Hide"); // in the middle of training
      await eventually("tensors").toBe(0);
      await click("Show");
      await eventually("made").toBe(2);
      await click("Hide");
      await eventually("tensors").toBe(0);
      expect(log.filter((text) => /error|uncaught|warning/i.test(text))).toEqual([]);
    }),
);
