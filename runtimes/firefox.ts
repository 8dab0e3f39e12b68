import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BrowserCommand, XVFB } from "./openBrowser.js";

// Firefox: the one at the path in the environment variable FIREFOX, or at one of the usual paths.

const USUAL_PATHS = ["/usr/bin/firefox-esr", "/usr/bin/firefox", "/Applications/Firefox.app/Contents/MacOS/firefox"];

const findFirefox = () => process.env.FIREFOX ?? USUAL_PATHS.find((path) => existsSync(path));

/** Why Firefox cannot run; undefined if it can. */
export function missingFirefox({ display = false } = {}): string | undefined {
  const path = findFirefox();
  if (!path) return "Firefox was not found: install firefox-esr, or set the environment variable FIREFOX to its path";
  if (!existsSync(path)) return `FIREFOX must be the path of a browser, got '${path}'`;
  return display && !existsSync(XVFB) ? "xvfb is not installed" : undefined;
}

/** It asks nothing, fetches nothing of its own, and takes a GPU in software. */
const PREFERENCES = {
  "app.normandy.enabled": false,
  "app.update.enabled": false,
  "browser.aboutwelcome.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.homepage_override.mstone": "ignore",
  "datareporting.policy.dataSubmissionEnabled": false,
  "datareporting.policy.firstRunURL": "",
  "extensions.update.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "",
  "toolkit.telemetry.enabled": false,
  "toolkit.telemetry.server": "",
  "dom.max_script_run_time": 0,
  "webgl.force-enabled": true,
};

/**
 * The command that opens a page.
 *
 * @param display whether it has a screen, which WebGL needs. Default false
 */
export function firefoxCommand(url: string, home: string, display = false): BrowserCommand {
  const lines = Object.entries(PREFERENCES).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
  );
  writeFileSync(join(home, "user.js"), `${lines.join("\n")}\n`);
  return {
    command: findFirefox() as string,
    args: [...(display ? [] : ["--headless"]), "--no-remote", "--profile", home, url],
    env: { MOZ_CRASHREPORTER_DISABLE: "1", MOZ_DISABLE_AUTO_SAFE_MODE: "1" },
  };
}
