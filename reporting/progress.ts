import { SingleBar } from "cli-progress";
import { onInterrupt } from "./program.js";

const REFRESHES_PER_SECOND = 5;
/** The time between two lines where the output is no terminal. */
const LINE_INTERVAL_MS = 10_000;

export interface ProgressOptions {
  total: number;
  /** Names in braces stand for what `text` has, or are the bar's own: {bar}, {percentage}, and {eta_formatted}, the time left. */
  format: string;
  text: Record<string, string | number>;
  /** The number of last updates from whose pace the time left is estimated. */
  paceUpdates: number;
  /** Called before Ctrl-C ends the program. */
  onInterrupt?: () => void;
}

export interface ProgressBar {
  update(done: number, text: ProgressOptions["text"]): void;
  setTotal(total: number): void;
  stop(): void;
}

/** Minutes and seconds, hours and minutes, or days and hours. The bar passes a text while it has no estimate. */
export function timeText(seconds: number): string {
  if (!Number.isFinite(seconds)) return "-:--";
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A progress bar on the standard output, or, where that is no terminal, a plain line now and then. */
export function startProgressBar({ total, format, text, paceUpdates, ...options }: ProgressOptions): ProgressBar {
  const bar = new SingleBar({
    stream: process.stdout,
    format,
    barsize: 12,
    fps: REFRESHES_PER_SECOND,
    etaBuffer: paceUpdates,
    hideCursor: true,
    gracefulExit: false, // with it, the bar would swallow the first Ctrl-C
    noTTYOutput: true,
    notTTYSchedule: LINE_INTERVAL_MS,
    formatTime: timeText,
  });
  const forget = onInterrupt(() => {
    bar.stop(); // shows the cursor of the terminal again
    options.onInterrupt?.();
  });
  bar.start(total, 0, text);
  return {
    update: (done, text) => bar.update(done, text),
    setTotal: (total) => bar.setTotal(total),
    stop() {
      forget();
      bar.stop();
    },
  };
}
