import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { BackendError } from "./backends.js";
import { WITHOUT_SIMD } from "./v8.js";

// Programs in a real Chromium: the one that the environment variable CHROMIUM names, or where systems put it.

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** Where the browser is; undefined where there is none. */
export function findChromium(): string | undefined {
  const { CHROMIUM } = process.env;
  return CHROMIUM ?? PLACES.find((path) => existsSync(path));
}

export interface ChromiumOptions {
  /** Whether WebAssembly has SIMD. Default true. */
  simd?: boolean;
  /** Whether WebGPU is made of software even where there is a GPU: the same everywhere. Default true. */
  softwareGpu?: boolean;
  /** Flags of V8. */
  jsFlags?: string[];
}

/**
 * As root a browser has no sandbox; nothing is looked up outside this machine; and the GPU may be a software one. The environment
 * variable CHROMIUM_FLAGS has more, with spaces between them, such as those that some machines want for their GPU.
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

/** Starts the browser; who starts it closes it. */
export async function launchChromium({ simd = true, softwareGpu = true, jsFlags = [] }: ChromiumOptions = {}): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) throw new BackendError("no Chromium was found: set CHROMIUM to its path");
  if (!existsSync(executablePath)) throw new BackendError(`CHROMIUM must be the path of a browser, got '${executablePath}'`);
  const flags = [...jsFlags, ...(simd ? [] : WITHOUT_SIMD)];
  const args = [...FLAGS, ...(softwareGpu ? [SOFTWARE_GPU] : []), ...(flags.length > 0 ? [`--js-flags=${flags.join(" ")}`] : [])];
  return chromium.launch({ executablePath, args });
}

/**
 * Opens a page that rejects on what would go unnoticed: an uncaught error.
 *
 * @param log what the page's console says goes there; default: nowhere
 */
export async function openPage(browser: Browser, url: string, log?: (text: string) => void): Promise<Page> {
  const page = await browser.newPage();
  page.on("console", (message) => log?.(message.text()));
  page.on("pageerror", (error) => log?.(`uncaught: ${error.stack ?? error}`));
  await page.goto(url);
  return page;
}
