import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inChromium } from "../../runtimes/program.js";
import { SKIPS_BROWSER } from "../helpers/browser.js";
import { BUN, DENO, inTerminal, NODE, PROGRAMS } from "./terminals.js";

interface Checked {
  threads: number;
}

describe("tfjs-uan/standalone", () => {
  it.each([NODE, BUN, DENO])("computes in $runtime, with threads and without", async (runtime) => {
    for (const threads of [1, 2]) {
      expect(await inTerminal<Checked>("standalone", runtime, [String(threads)])).toEqual({ threads });
    }
  });

  it.skipIf(SKIPS_BROWSER).each([
    { page: "a plain page", isolated: false, threads: 1 },
    { page: "a cross-origin isolated page", isolated: true, threads: 2 },
  ])("computes in $page of Chromium, on $threads threads", async ({ isolated, threads }) => {
    const checked = await inChromium(join(PROGRAMS, "standalone.ts"), { isolated }, (page) =>
      // biome-ignore lint/suspicious/noExplicitAny: the program defines the function
      page.evaluate((threads) => (globalThis as any).check(threads) as Promise<Checked>, threads),
    );
    expect(checked).toEqual({ threads });
  });
});
