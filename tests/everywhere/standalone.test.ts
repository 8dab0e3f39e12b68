import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findChromium } from "../../runtimes/chromium.js";
import { inChromium } from "../../runtimes/program.js";
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

  const noBrowser = !findChromium();
  if (noBrowser) console.warn("\n*** NOT TESTED: standalone in Chromium, since no Chromium was found ***\n");
  it.skipIf(noBrowser && !process.env.CI).each([
    { page: "a plain page", isolated: false, threads: 1 },
    { page: "a cross-origin isolated page", isolated: true, threads: 2 },
  ])("computes in $page of Chromium, on $threads threads", async ({ isolated, threads }) => {
    const checked = await inChromium(join(PROGRAMS, "standalone.ts"), { isolated }, (page) =>
      // biome-ignore lint/suspicious/noExplicitAny: what the program left there
      page.evaluate((threads) => (globalThis as any).check(threads) as Promise<Checked>, threads),
    );
    expect(checked).toEqual({ threads });
  });
});
