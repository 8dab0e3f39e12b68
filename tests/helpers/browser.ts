import { describe } from "vitest";
import { findChromium } from "../../runtimes/chromium.js";

/** Whether tests that take a browser are skipped: where there is none, but for continuous integration, under which they fail. */
export const SKIPS_BROWSER = !findChromium() && !process.env.CI;
if (SKIPS_BROWSER) console.warn("\n*** NOT TESTED: in a browser, since no Chromium was found: set CHROMIUM to its path ***\n");

export const describeInChromium = describe.skipIf(SKIPS_BROWSER);
