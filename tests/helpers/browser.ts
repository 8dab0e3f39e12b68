import { describe } from "vitest";
import { findChromium } from "../../runtimes/chromium.js";

/** Whether tests that need a browser are skipped: if there is none. In continuous integration they fail instead. */
export const SKIPS_BROWSER = !findChromium() && !process.env.CI;
if (SKIPS_BROWSER)
  console.warn("\n*** NOT TESTED in a browser: Chromium was not found; set the environment variable CHROMIUM to its path ***\n");

export const describeInChromium = describe.skipIf(SKIPS_BROWSER);
