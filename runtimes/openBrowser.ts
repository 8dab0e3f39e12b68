import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Browsers as processes of their own, without a driver: each has a new folder as its home, which is gone afterwards.

/** A browser that shows a page. */
export interface Opened {
  /** Settles when the browser ends by itself, with what it last said. */
  ended: Promise<string>;
  close(): Promise<void>;
}

export interface BrowserCommand {
  command: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
}

/** How much of its output a browser's end shows. */
const MAX_OUTPUT = 2000;

/** They are in groups of their own, which Ctrl-C does not reach. */
const running = new Set<ChildProcess>();

function kill({ pid }: ChildProcess): void {
  try {
    // The whole group: a browser has processes for its pages.
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

function start(command: string, args: string[], options: SpawnOptions): ChildProcess {
  const child = spawn(command, args, { ...options, detached: true });
  if (running.size === 0) {
    process.once("exit", endAll);
    process.once("SIGINT", interrupt);
  }
  running.add(child);
  const ended = () => {
    running.delete(child);
    if (running.size > 0) return;
    process.off("exit", endAll);
    process.off("SIGINT", interrupt);
  };
  child.once("exit", ended);
  child.once("error", ended);
  return child;
}

function endAll(): void {
  for (const child of running) kill(child);
}

function interrupt(): void {
  process.exit(130);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  kill(child);
  await exited;
}

/**
 * Starts a browser.
 *
 * @param commandIn gets the folder that is the browser's home
 * @param screen what names the screen, for its environment
 */
export function openBrowser(commandIn: (home: string) => BrowserCommand, screen: NodeJS.ProcessEnv): Opened {
  const home = mkdtempSync(join(tmpdir(), "tfjs-uan-browser-"));
  const { command, args, env } = commandIn(home);
  const child = start(command, args, {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      ...process.env,
      HOME: home,
      XDG_CACHE_HOME: home,
      XDG_CONFIG_HOME: home,
      XDG_DATA_HOME: home,
      XDG_RUNTIME_DIR: home,
      ...screen,
      ...env,
    },
  });
  let output = "";
  child.stderr?.on("data", (data) => {
    output = (output + data).slice(-MAX_OUTPUT);
  });
  return {
    ended: new Promise((resolve) => {
      child.once("error", ({ message }) => resolve(message));
      child.once("exit", (code, signal) => resolve(`it ended with ${signal ?? `exit code ${code}`}\n${output}`));
    }),
    async close() {
      await end(child);
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** A screen that nobody sees: Xvfb. */
export interface Display {
  /** What DISPLAY must be. */
  name: string;
  close(): Promise<void>;
}

export const XVFB = "/usr/bin/Xvfb";

export async function startDisplay(): Promise<Display> {
  const args = ["-displayfd", "3", "-screen", "0", "1024x768x24", "-nolisten", "tcp"];
  const child = start(XVFB, args, { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  const failed = Promise.race([once(child, "error"), once(child, "exit")]).then(() => {
    throw new Error("Xvfb did not start");
  });
  const written = once(child.stdio[3] as NodeJS.ReadableStream, "data");
  const [number] = await Promise.race([written, failed]);
  failed.catch(() => {});
  return { name: `:${String(number).trim()}`, close: () => end(child) };
}
