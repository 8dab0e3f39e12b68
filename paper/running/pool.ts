import { type ChildProcess, fork } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { RunConfig } from "../config.js";
import type { News, Order } from "./worker.js";

const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));

/** The option with which Node.js imports TypeScript. */
const TYPESCRIPT = ["--import", pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href];

/** A run failed. The message says which, and why. */
export class RunError extends Error {}

/** A run to make. */
export type PlannedRun = Pick<Order, "config" | "origin">;

export interface Pool {
  /**
   * @param tell is called with the workers' news about their runs, failures included
   * @returns an error for each run that failed
   */
  run(runs: readonly PlannedRun[], tell: (config: RunConfig, news: News) => void): Promise<RunError[]>;
  /** Stops the present runs, and starts no other. */
  stop(): void;
  /** The processes that are running. */
  readonly workers: ReadonlySet<ChildProcess>;
}

const nameOf = ({ experiment, method, seed }: RunConfig) => `${experiment}, ${method}, seed ${seed}`;

/** Lets a worker make one run. */
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
    const broken = ({ message }: Error) => fail(`its process failed: ${message}`);
    const hear = (news: News) => {
      if (news.kind === "failed") fail(news.message);
      else tell(news);
      if (news.kind === "finished") settle();
    };
    worker.on("message", hear).on("exit", exited).on("error", broken);
    worker.send(order, (error) => error && broken(error));
  });
}

/** Starts a pool of processes that make runs in parallel. */
export function startPool(count: number, common: Omit<Order, keyof PlannedRun>): Pool {
  const workers = new Set<ChildProcess>();
  let isStopped = false;
  const start = () => {
    const worker = fork(WORKER, {
      execArgv: TYPESCRIPT,
      detached: process.platform !== "win32", // so that Ctrl-C reaches only this process, which stops the workers
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    workers.add(worker.once("exit", () => workers.delete(worker)));
    return worker;
  };
  return {
    workers,
    async run(runs, tell) {
      const waiting = runs.values(); // shared by all workers, so that each run is made once
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
            worker.kill("SIGKILL"); // the next run gets a new process
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
