import { startProgressBar } from "../../reporting/progress.js";
import type { RunConfig } from "../config.js";
import { epochEffort } from "./effort.js";
import type { News } from "./worker.js";

/** The time left follows the pace over so many reports of a worker: those of one or two minutes. */
const PACE_UPDATES = 300;

export interface Progress {
  tell(config: RunConfig, news: News): void;
  stop(): void;
}

/** Shows a progress bar for all runs that are left. */
export function startProgress(configs: readonly RunConfig[], processes: number, stopWork: () => void): Progress {
  const left = new Map(configs.map((config) => [config, config.epochs * epochEffort(config)]));
  let total = [...left.values()].reduce((sum, effort) => sum + effort, 0);
  const text = (finished: number, name: string) => ({ finished, runs: configs.length, name });
  const bar = startProgressBar({
    total,
    format: "[{bar}] {percentage}%  {finished} of {runs} runs done  {name}  {eta_formatted} left",
    text: text(0, "starting"),
    paceUpdates: PACE_UPDATES * processes,
    onInterrupt() {
      stopWork();
      console.log("\nInterrupted: the same command without --fresh continues from here.");
    },
  });
  let done = 0;
  let finished = 0;
  /** Subtracts from a run's remaining effort. @returns the same effort */
  const take = (config: RunConfig, effort: number) => {
    left.set(config, (left.get(config) ?? 0) - effort);
    return effort;
  };
  // Effort that is left out must not count as done, because the time left follows the pace.
  const leaveOut = (effort: number) => {
    total -= effort;
    bar.setTotal(total);
  };
  return {
    tell(config, news) {
      const { experiment, method, seed, epochs } = config;
      if (news.kind === "finished") finished++;
      if (news.kind === "resumed" && news.epochs > 0) leaveOut(take(config, news.epochs * epochEffort(config)));
      if (news.kind === "failed") leaveOut(take(config, left.get(config) ?? 0));
      if (news.kind !== "progress") return;
      done += take(config, news.epochs * epochEffort(config));
      const epoch = Math.min(news.epoch, epochs);
      bar.update(done, text(finished, `${experiment}: ${method}, seed ${seed}, epoch ${epoch}/${epochs}`));
    },
    stop: bar.stop,
  };
}
