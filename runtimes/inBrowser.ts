import { type ChromiumOptions, findChromium, launchChromium, openPage } from "./chromium.js";
import { firefoxCommand, missingFirefox } from "./firefox.js";
import { type Opened, openBrowser, startDisplay } from "./openBrowser.js";
import { bundle, tensorflowFolder } from "./program.js";
import { serve } from "./serve.js";
import { missingWebkit, webkitCommand } from "./webkit.js";

// The same program in any browser. No driver is needed: the page posts what it found to the server that it came from.

export interface BrowserOptions extends Pick<ChromiumOptions, "simd"> {
  /** Whether the page is cross-origin isolated, so that TensorFlow.js uses its threaded build. Default false. */
  isolated?: boolean;
  /** Whether Firefox has a screen, as it must for WebGL. Chromium needs none, WebKit always has one. Default false. */
  display?: boolean;
  /** Milliseconds within which an answer must come. Default 400,000. */
  timeout?: number;
}

export interface Browser {
  name: string;
  /** Why it cannot run on this machine; undefined if it can. */
  missing(options: BrowserOptions): string | undefined;
  /** Whether it runs on a screen. */
  onDisplay(options: BrowserOptions): boolean;
  /** @param env what names the screen, if it runs on one */
  open(url: string, options: BrowserOptions, env: NodeJS.ProcessEnv): Promise<Opened>;
}

export const CHROMIUM: Browser = {
  name: "Chromium",
  missing: () => (findChromium() ? undefined : "Chromium was not found: set the environment variable CHROMIUM to its path"),
  onDisplay: () => false,
  async open(url, { simd = true }) {
    const browser = await launchChromium({ simd });
    await openPage(browser, url);
    const ended = new Promise<string>((resolve) => browser.once("disconnected", () => resolve("it ended")));
    return { ended, close: () => browser.close() };
  },
};

export const FIREFOX: Browser = {
  name: "Firefox",
  missing: missingFirefox,
  onDisplay: ({ display = false }) => display,
  open: async (url, { display }, env) => openBrowser((home) => firefoxCommand(url, home, display), env),
};

export const WEBKIT: Browser = {
  name: "WebKitGTK",
  missing: missingWebkit,
  onDisplay: () => true,
  open: async (url, { isolated }, env) => openBrowser(() => webkitCommand(url, isolated), env),
};

/** A page that calls the program's function with a question, and posts the answer. */
const page = (question: unknown) => `<!doctype html><meta charset="utf-8"><title>tfjs-uan</title><link rel="icon" href="data:,">
<script type="module">
const post = (found) => fetch("/answer", { method: "POST", body: JSON.stringify(found) });
try {
  await import("/program.js");
  await post({ answer: await globalThis.answer(${JSON.stringify(question)}) });
} catch (error) {
  await post({ error: String(error) + "\\n" + (error?.stack ?? "") });
}
</script>`;

type Found<T> = { answer: T } | { error: string };

/**
 * Asks a program in a browser.
 *
 * @param entry the path of a module, which puts a function `answer` on globalThis
 * @param question what it is called with; JSON
 * @returns what it returns, as JSON
 */
export async function askInBrowser<T>(
  browser: Browser,
  entry: string,
  question: unknown,
  options: BrowserOptions = {},
): Promise<T> {
  const { isolated = false, timeout = 400_000 } = options;
  let found = (_: Found<T>) => {};
  const posted = new Promise<Found<T>>((resolve) => {
    found = resolve;
  });
  const served = await serve({
    isolated,
    texts: { "/": page(question), "/program.js": await bundle(entry) },
    folders: tensorflowFolder(),
    posts: { "/answer": (text) => found(JSON.parse(text)) },
  });
  const opened: { close(): Promise<void> }[] = [served];
  let timer: NodeJS.Timeout | undefined;
  try {
    const display = browser.onDisplay(options) ? await startDisplay() : undefined;
    if (display) opened.push(display);
    const shown = await browser.open(`${served.url}/`, options, display ? { DISPLAY: display.name } : {});
    opened.push(shown);
    const late = new Promise<Found<T>>((resolve) => {
      timer = setTimeout(() => resolve({ error: `no answer within ${timeout / 1000} s` }), timeout);
    });
    const first = await Promise.race([posted, late, shown.ended.then((error) => ({ error }))]);
    if ("error" in first) throw new Error(`${browser.name}: ${first.error}`);
    return first.answer;
  } finally {
    clearTimeout(timer);
    for (const each of opened.reverse()) await each.close();
  }
}
