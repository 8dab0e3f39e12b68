import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { onInterrupt } from "../reporting/program.js";
import { BackendError } from "../runtimes/backends.js";
import type { Setup } from "../runtimes/environment.js";
import { giveOrder, startProcess } from "../runtimes/processes.js";
import { usableCores } from "../src/runtime/cores.js";
import type { ResultTable } from "./results.js";
import type { Runner } from "./runner.js";
import type { Target } from "./target.js";
import type { News, Order } from "./worker.js";

const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));

/** The threads of a section that has all cores by default: as many as the library would take, and at least 2. */
const allThreads = ({ threads = Math.min(usableCores(), 8) }: Target) => Math.max(threads, 2);

/** A section failed, or its process. */
export class SectionError extends Error {}

/**
 * A runner that starts a process for each section, in a browser also a page. So no section's times depend on what other sections have
 * left behind: compiled code, a heap in pieces, a fast path that V8 has given up. Ctrl-C stops the process.
 *
 * @param flags options of Node.js and of V8 for the processes
 */
export async function withProcesses<T>(
  target: Target,
  flags: readonly string[],
  use: (runner: Runner) => Promise<T>,
): Promise<T> {
  let worker: ChildProcess | undefined;
  const obey = async (order: Order, hear: (news: News) => void) => {
    const started = startProcess(WORKER, flags);
    worker = started;
    try {
      await giveOrder<News>(started, order, (news) => {
        if (news.kind === "failed") throw new (news.isOfBackend ? BackendError : SectionError)(news.message);
        hear(news);
        return news.kind === "finished";
      });
    } finally {
      started.kill();
    }
  };
  const forget = onInterrupt(() => worker?.kill());
  try {
    let setup: Setup | undefined;
    await obey({ target }, (news) => {
      if (news.kind === "started") setup = news.setup;
    });
    return await use({
      ...(setup as Setup),
      async run({ name, threads }, care, progress) {
        let tables: ResultTable[] = [];
        await obey(
          { target: threads === "all" ? { ...target, threads: allThreads(target) } : target, section: { name, care } },
          (news) => {
            if (news.kind === "progress") progress(news.step);
            if (news.kind === "finished") tables = news.tables;
          },
        );
        return tables;
      },
    });
  } finally {
    forget();
  }
}
