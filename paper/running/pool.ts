import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { giveOrder, startProcess } from "../../runtimes/processes.js";
import type { RunConfig } from "../config.js";
import type { News, Order } from "./worker.js";

const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));

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
async function make(worker: ChildProcess, order: Order, tell: (news: News) => void): Promise<void> {
  try {
    await giveOrder<News>(worker, order, (news) => {
      if (news.kind === "failed") throw new Error(news.message);
      tell(news);
      return news.kind === "finished";
    });
  } catch (error) {
    throw new RunError(`${nameOf(order.config)}: ${(error as Error).message}`);
  }
}

/** Starts a pool of processes that make runs in parallel. */
export function startPool(count: number, common: Omit<Order, keyof PlannedRun>): Pool {
  const workers = new Set<ChildProcess>();
  let isStopped = false;
  const start = () => {
    const worker = startProcess(WORKER);
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
