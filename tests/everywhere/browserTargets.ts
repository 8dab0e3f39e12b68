import { join } from "node:path";
import type { BackendName } from "../../runtimes/backends.js";
import { askInBrowser, type Browser, type BrowserOptions, CHROMIUM, FIREFOX, WEBKIT } from "../../runtimes/inBrowser.js";
import { webkitVersion } from "../../runtimes/webkit.js";
import type { Question } from "./programs/page.js";
import type { Result } from "./suite.js";
import { apart, ON_GPU, onBinary, onThreads, type Target, WITHOUT_SIMD_TITLE, withoutSimd } from "./target.js";
import { PROGRAMS } from "./terminals.js";

interface Page extends BrowserOptions {
  variant?: string;
  known?: Question["known"];
}

const inBrowser =
  (browser: Browser, versionOf: () => string | undefined = () => undefined) =>
  (name: string, backend: BackendName, expected: Partial<Result>, { variant, known, ...options }: Page = {}): Target => ({
    name,
    runtime: browser.name,
    variant,
    backend,
    expected,
    missing: () => browser.missing(options),
    async run(only = "") {
      const question: Question = { backend, only, ...(known && { known }) };
      const result = await askInBrowser<Result>(browser, join(PROGRAMS, "page.ts"), question, options);
      return { ...result, version: versionOf() ?? result.version };
    },
  });

const chromium = inBrowser(CHROMIUM);
const firefox = inBrowser(FIREFOX);
const webkit = inBrowser(WEBKIT, webkitVersion);

/** WebGL in software shares two cores with what else there is. */
const SLOW = { timeout: 1_500_000 };
const ISOLATED = { variant: "cross-origin isolated", isolated: true };

export const BROWSER_TARGETS: Target[] = [
  chromium("chromium/wasm", "wasm", onBinary("relaxedSimd")),
  chromium("chromium/wasm-isolated", "wasm", onThreads("threadedRelaxedSimd"), ISOLATED),
  withoutSimd(chromium("chromium/wasm-scalar", "wasm", onBinary("scalar"), { variant: WITHOUT_SIMD_TITLE, simd: false })),
  chromium("chromium/cpu", "cpu", onBinary("relaxedSimd")),
  chromium("chromium/webgl", "webgl", ON_GPU),
  chromium("chromium/webgpu", "webgpu", ON_GPU),
  firefox("firefox/wasm", "wasm", onBinary("relaxedSimd")),
  firefox("firefox/wasm-isolated", "wasm", onThreads("threadedRelaxedSimd"), ISOLATED),
  apart(firefox("firefox/cpu", "cpu", onBinary("relaxedSimd"))),
  apart(firefox("firefox/webgl", "webgl", ON_GPU, { ...SLOW, display: true })),
  webkit("webkit/wasm", "wasm", onBinary("simd")),
  webkit("webkit/wasm-isolated", "wasm", onThreads("threadedSimd"), ISOLATED),
  apart(webkit("webkit/cpu", "cpu", onBinary("simd"))),
  apart(webkit("webkit/webgl", "webgl", ON_GPU, { ...SLOW, known: { device: "a GPU in software", software: true } })),
];
