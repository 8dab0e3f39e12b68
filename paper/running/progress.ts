import { startProgressBar } from "../../reporting/progress.js";
import type { RunConfig } from "../config.js";
import { epochEffort } from "./effort.js";
import type { News } from "./worker.js";

/** News of all workers, for the time left: a minute's or two. */
const PACE_UPDATES = 600;

export interface Progress {
  tell(config: RunConfig, news: News): void;
  stop(): void;
}

/** The bar of all runs that are still to be made. */
export function startProgress(configs: readonly RunConfig[], stopWork: () => void): Progress {
  let total = configs.reduce((sum, config) => sum + config.epochs * epochEffort(config), 0);
  const text = (finished: number, name: string) => ({ finished, runs: configs.length, name });
  const bar = startProgressBar({
    total,
    format: "[{bar}] {percentage}%  {finished} of {runs} runs done  {name}  {eta_formatted} left",
    text: text(0, "starting"),
    paceUpdates: PACE_UPDATES,
    onInterrupt() {
      stopWork();
      console.log("\nInterrupted: the same command, without --fresh, goes on from here.");
    },
  });
  let done = 0;
  let finished = 0;
  return {
    tell(config, news) {
      const { experiment, method, seed, epochs } = config;
      if (news.kind === "finished") finished++;
      if (news.kind === "resumed" && news.epochs > 0) {
        // Not as done: the time left follows the pace.
        total -= news.epochs * epochEffort(config);
        bar.setTotal(total);
      }
      if (news.kind !== "progress") return;
      done += news.epochs * epochEffort(config);
      const epoch = Math.min(news.epoch, epochs);
      bar.update(done, text(finished, `${experiment}: ${method}, seed ${seed}, epoch ${epoch}/${epochs}`));
    },
    stop: bar.stop,
  };
}
