import { type ChildProcess, fork } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { RunConfig } from "../config.js";
import type { News, Order } from "./worker.js";

const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));

/** Lets Node.js import TypeScript. */
const TYPESCRIPT = ["--import", pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href];

/** Says which run did not come to its end, and why. */
export class RunError extends Error {}

export interface Pool {
  /**
   * @param tell hears what the workers say of their runs
   * @returns why runs did not come to their end, an error for each
   */
  run(configs: readonly RunConfig[], tell: (config: RunConfig, news: News) => void): Promise<RunError[]>;
  stop(): void;
}

const nameOf = ({ experiment, method, seed }: RunConfig) => `${experiment}, ${method}, seed ${seed}`;

/** Has one run made. */
function make(worker: ChildProcess, order: Order, tell: (news: News) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      worker.off("message", hear).off("exit", exited).off("error", broken);
      if (error) reject(error);
      else resolve();
    };
    const fail = (why: string) => settle(new RunError(`${nameOf(order.config)}: ${why}`));
    const exited = (code: number | null, signal: string | null) =>
      fail(`its process ended with ${signal ?? `exit code ${code}`}`);
    const broken = ({ message }: Error) => fail(`its process cannot be used: ${message}`);
    const hear = (news: News) => {
      if (news.kind === "failed") fail(news.message);
      else tell(news);
      if (news.kind === "finished") settle();
    };
    worker.on("message", hear).on("exit", exited).on("error", broken);
    worker.send(order, (error) => error && broken(error));
  });
}

/** Processes that make runs side by side. */
export function startPool(count: number, common: Omit<Order, "config">): Pool {
  const workers = Array.from({ length: count }, () =>
    fork(WORKER, {
      execArgv: TYPESCRIPT,
      detached: process.platform !== "win32", // Ctrl-C is for the program, which stops them
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    }),
  );
  return {
    async run(configs, tell) {
      const waiting = configs.values();
      const failures: RunError[] = [];
      const work = async (worker: ChildProcess) => {
        while (worker.connected) {
          const { value: config, done } = waiting.next();
          if (done) return;
          await make(worker, { ...common, config }, (news) => tell(config, news)).catch((error) => failures.push(error));
        }
      };
      await Promise.all(workers.map(work));
      return failures;
    },
    stop() {
      for (const worker of workers) worker.kill("SIGKILL");
    },
  };
}
