import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { type BrowserCommand, XVFB } from "./openBrowser.js";

// WebKit: the small browser that comes with Debian's webkit2gtk-driver. It needs a screen.

const PATHS = ["x86_64-linux-gnu", "aarch64-linux-gnu"].flatMap((system) =>
  ["4.1", "4.0"].map((version) => `/usr/lib/${system}/webkit2gtk-${version}/MiniBrowser`),
);

const findWebkit = () => PATHS.find((path) => existsSync(path));

/** Why WebKit cannot run; undefined if it can. */
export function missingWebkit(): string | undefined {
  if (!findWebkit()) return "WebKit was not found: install webkit2gtk-driver";
  return existsSync(XVFB) ? undefined : "xvfb is not installed";
}

/** Memory can be shared between threads only where the environment says so. */
export const webkitCommand = (url: string, isolated = false): BrowserCommand => ({
  command: findWebkit() as string,
  args: [url],
  env: { ...(isolated && { JSC_useSharedArrayBuffer: "1" }), NO_AT_BRIDGE: "1", GTK_A11Y: "none" },
});

/** Of its library: a page is told Safari's version. Undefined where Debian's packages do not say it. */
export function webkitVersion(): string | undefined {
  const { stdout } = spawnSync("dpkg-query", ["-W", "webkit2gtk-driver"], { encoding: "utf8" });
  return /\d+(\.\d+)+/.exec(stdout ?? "")?.[0];
}
