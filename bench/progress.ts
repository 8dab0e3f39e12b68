import { SingleBar } from "cli-progress";

export interface Progress {
  step(text: string): void;
  stop(): void;
}

/** Shows the progress of a section on standard error: a bar in a terminal, else one line. */
export function startProgress(section: string, done: number, all: number): Progress {
  if (!process.stderr.isTTY) {
    console.error(`${section} (${done + 1} of ${all})`);
    return { step() {}, stop() {} };
  }
  const bar = new SingleBar({
    stream: process.stderr,
    format: "[{bar}] {value}/{total}  {section}  {step}",
    barsize: all,
    clearOnComplete: true,
    gracefulExit: false, // its handler runs only at the end of a case
  });
  bar.start(all, done, { section, step: "" });
  return {
    step: (step) => bar.update(done, { step }),
    stop: () => bar.stop(),
  };
}
