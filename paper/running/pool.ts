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

/** A run to be made. */
export type PlannedRun = Pick<Order, "config" | "origin">;

export interface Pool {
  /**
   * @param tell hears what the workers say of their runs, and of each that does not come to its end
   * @returns why runs did not come to their end, an error for each
   */
  run(runs: readonly PlannedRun[], tell: (config: RunConfig, news: News) => void): Promise<RunError[]>;
  /** Ends the runs that are being made, and begins no other. */
  stop(): void;
  /** Those that are at work. */
  readonly workers: ReadonlySet<ChildProcess>;
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
export function startPool(count: number, common: Omit<Order, keyof PlannedRun>): Pool {
  const workers = new Set<ChildProcess>();
  let isStopped = false;
  const start = () => {
    const worker = fork(WORKER, {
      execArgv: TYPESCRIPT,
      detached: process.platform !== "win32", // Ctrl-C is for the program, which stops them
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    workers.add(worker.once("exit", () => workers.delete(worker)));
    return worker;
  };
  return {
    workers,
    async run(runs, tell) {
      const waiting = runs.values(); // shared: each run is made once
      const failures: RunError[] = [];
      const work = async () => {
        let worker: ChildProcess | undefined;
        for (const { config, origin } of waiting) {
          worker = worker?.connected ? worker : start();
          try {
            await make(worker, { ...common, config, origin }, (news) => tell(config, news));
          } catch (error) {
            failures.push(error as RunError);
            tell(config, { kind: "failed", message: (error as RunError).message });
            worker.kill("SIGKILL"); // whatever went wrong, the next run is not to find it
            worker = undefined;
          }
          if (isStopped) break;
        }
        worker?.kill("SIGKILL");
      };
      await Promise.all(Array.from({ length: count }, work));
      return failures;
    },
    stop() {
      isStopped = true;
      for (const worker of workers) worker.kill("SIGKILL");
    },
  };
}
