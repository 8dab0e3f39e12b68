import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { BackendError } from "./backends.js";
import { WITHOUT_SIMD } from "./v8.js";

// Programs in a real Chromium: the one at the path in the environment variable CHROMIUM, or at one of the usual paths.

const USUAL_PATHS = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** The path of the browser, or undefined if there is none. */
export function findChromium(): string | undefined {
  const { CHROMIUM } = process.env;
  return CHROMIUM ?? USUAL_PATHS.find((path) => existsSync(path));
}

export interface ChromiumOptions {
  /** Whether WebAssembly has SIMD. Default true. */
  simd?: boolean;
  /** Whether WebGPU runs in software even if there is a GPU, so that results are the same everywhere. Default true. */
  softwareGpu?: boolean;
  /** Flags of V8. */
  jsFlags?: string[];
}

/**
 * Chromium has no sandbox if it runs as root. It must not access the network, and may use a GPU in software. The environment variable
 * CHROMIUM_FLAGS adds flags, separated by spaces, such as those that a machine needs for its GPU.
 */
const FLAGS = [
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
  "--no-first-run",
  "--enable-unsafe-webgpu",
  "--enable-unsafe-swiftshader",
  ...(process.env.CHROMIUM_FLAGS?.split(" ").filter(Boolean) ?? []),
];
const SOFTWARE_GPU = "--use-webgpu-adapter=swiftshader";

/** Starts the browser. The caller closes it. */
export async function launchChromium({ simd = true, softwareGpu = true, jsFlags = [] }: ChromiumOptions = {}): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) throw new BackendError("Chromium was not found: set the environment variable CHROMIUM to its path");
  if (!existsSync(executablePath)) throw new BackendError(`CHROMIUM must be the path of a browser, got '${executablePath}'`);
  const flags = [...jsFlags, ...(simd ? [] : WITHOUT_SIMD)];
  const args = [...FLAGS, ...(softwareGpu ? [SOFTWARE_GPU] : []), ...(flags.length > 0 ? [`--js-flags=${flags.join(" ")}`] : [])];
  return chromium.launch({ executablePath, args });
}

/**
 * Opens a page.
 *
 * @param log is called with the console's messages and with uncaught errors
 */
export async function openPage(browser: Browser, url: string, log?: (text: string) => void): Promise<Page> {
  const page = await browser.newPage();
  page.on("console", (message) => log?.(message.text()));
  page.on("pageerror", (error) => log?.(`uncaught: ${error.stack ?? error}`));
  await page.goto(url);
  return page;
}
