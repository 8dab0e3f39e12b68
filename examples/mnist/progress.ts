import { SingleBar } from "cli-progress";
import type { Step } from "./train.js";

const REFRESHES_PER_SECOND = 5;
/** Between two lines where the output is no terminal. */
const LINE_INTERVAL_MS = 10_000;
/** The exit code of a program that Ctrl-C ended. */
const INTERRUPTED = 130;

export interface Progress {
  step(step: Step): void;
  stop(): void;
}

/** Minutes and seconds. The bar hands over text while it cannot tell. */
function timeText(seconds: number): string {
  return Number.isFinite(seconds) ? `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}` : "-:--";
}

/**
 * A progress bar on the standard output; plain lines now and then where that is no terminal. Time left follows the pace of the
 * last `stepsPerRound` steps: a round is an epoch of every contender, which differ in pace.
 */
export function startProgress(steps: number, stepsPerRound: number, epochs: number): Progress {
  const bar = new SingleBar({
    stream: process.stdout,
    format: "[{bar}] {percentage}%  {name} {epoch}/{epochs}  loss {loss}  accuracy {accuracy}%  {eta_formatted} left",
    barsize: 12,
    fps: REFRESHES_PER_SECOND,
    etaBuffer: stepsPerRound,
    hideCursor: true,
    gracefulExit: false, // it would swallow the first Ctrl-C
    noTTYOutput: true,
    notTTYSchedule: LINE_INTERVAL_MS,
    formatTime: timeText,
  });
  const interrupt = () => {
    bar.stop(); // gives the terminal its cursor back
    process.exit(INTERRUPTED);
  };
  process.once("SIGINT", interrupt);
  let done = 0;
  bar.start(steps, 0, { name: "starting", epoch: 0, epochs, loss: "-", accuracy: "-" });
  return {
    step({ name, epoch, loss, accuracy }) {
      done++;
      bar.update(done, { name, epoch, loss: loss.toFixed(4), accuracy: (100 * accuracy).toFixed(2) });
    },
    stop() {
      process.off("SIGINT", interrupt);
      bar.stop();
    },
  };
}
