import { describe } from "vitest";
import { findChromium } from "../../runtimes/chromium.js";

const isThere = Boolean(findChromium());
if (!isThere && !process.env.CI) console.warn("No Chromium was found, so nothing is tested in it: set CHROMIUM to its path.");

/** Tests that need Chromium: without it they are skipped, and under continuous integration they fail. */
export const describeInChromium = describe.skipIf(!isThere && !process.env.CI);
