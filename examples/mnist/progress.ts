import { startProgressBar } from "../../reporting/progress.js";
import type { Step } from "./train.js";

export interface Progress {
  step(step: Step): void;
  stop(): void;
}

/** The time left follows the pace of the last `stepsPerRound` steps: an epoch of every contender, since some are slower than others. */
export function startProgress(steps: number, stepsPerRound: number, epochs: number): Progress {
  const bar = startProgressBar({
    total: steps,
    format: "[{bar}] {percentage}%  {name} {epoch}/{epochs}  loss {loss}  accuracy {accuracy}%  {eta_formatted} left",
    text: { name: "starting", epoch: 0, epochs, loss: "-", accuracy: "-" },
    paceUpdates: stepsPerRound,
  });
  let done = 0;
  return {
    step({ name, epoch, loss, accuracy }) {
      done++;
      bar.update(done, { name, epoch, loss: loss.toFixed(4), accuracy: (100 * accuracy).toFixed(2) });
    },
    stop: bar.stop,
  };
}
