import { findChromium, launchChromium, openPage } from "../../runtimes/chromium.js";
import { type ServeOptions, serve } from "../../runtimes/serve.js";

/** Whether tests that take a browser are skipped: where there is none, but for continuous integration. */
export const SKIPS_BROWSER = !findChromium() && !process.env.CI;
if (SKIPS_BROWSER) console.warn("\n*** NOT TESTED: in a browser, since no Chromium was found: set CHROMIUM to its path ***\n");

/** What a page leaves on globalThis.outcome. */
export async function outcomeOf<T>(files: ServeOptions, path: string): Promise<T> {
  const served = await serve(files);
  try {
    const browser = await launchChromium();
    try {
      const page = await openPage(browser, `${served.url}${path}`);
      await page.waitForFunction("globalThis.outcome");
      return await page.evaluate("globalThis.outcome");
    } finally {
      await browser.close();
    }
  } finally {
    await served.close();
  }
}
