import { launchChromium, openPage } from "../../runtimes/chromium.js";
import { type ServeOptions, serve } from "../../runtimes/serve.js";

/** Opens a page, and waits for what it puts into globalThis.outcome. */
export async function outcomeOf<T>(files: ServeOptions, path: string): Promise<T> {
  const served = await serve(files);
  try {
    const browser = await launchChromium();
    try {
      const page = await openPage(browser, `${served.url}${path}`);
      // A function: a page's policy may forbid that text is evaluated.
      await page.waitForFunction(() => "outcome" in globalThis);
      return await page.evaluate("globalThis.outcome");
    } finally {
      await browser.close();
    }
  } finally {
    await served.close();
  }
}
