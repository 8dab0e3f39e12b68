import { type ChildProcess, fork } from "node:child_process";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// Processes of Node.js that take orders, and tell news of them, as messages.

/** The option with which Node.js imports TypeScript. */
const TYPESCRIPT = ["--import", pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href];

/**
 * Starts a program in TypeScript.
 *
 * @param flags options of Node.js and of V8
 * @param variables of the environment, in addition to this process's
 */
export function startProcess(program: string, flags: readonly string[] = [], variables: NodeJS.ProcessEnv = {}): ChildProcess {
  return fork(program, {
    env: { ...process.env, ...variables },
    execArgv: [...flags, ...TYPESCRIPT],
    detached: process.platform !== "win32", // so that Ctrl-C reaches only this process, which stops the others
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
}

/**
 * Gives a process an order. Rejects if the process ends before its last news.
 *
 * @param hear is called with the news, and returns whether they are the last. If it throws, the promise rejects.
 */
export function giveOrder<News>(child: ChildProcess, order: object, hear: (news: News) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      child.off("message", receive).off("exit", exited).off("error", broken);
      if (error) reject(error);
      else resolve();
    };
    const exited = (code: number | null, signal: string | null) =>
      settle(new Error(`its process ended with ${signal ?? `exit code ${code}`}`));
    const broken = ({ message }: Error) => settle(new Error(`its process failed: ${message}`));
    const receive = (news: unknown) => {
      try {
        if (hear(news as News)) settle();
      } catch (error) {
        settle(error as Error);
      }
    };
    child.on("message", receive).on("exit", exited).on("error", broken);
    child.send(order, (error) => error && broken(error));
  });
}
