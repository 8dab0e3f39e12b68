import { BackendError } from "../runtimes/backends.js";
import type { Setup } from "../runtimes/environment.js";
import { ALL_SECTIONS } from "./nodeSections.js";
import type { ResultTable } from "./results.js";
import { withRunner } from "./runner.js";
import type { Care } from "./section.js";
import type { Target } from "./target.js";

// The program of a process that starts a backend and runs one section.

export interface Order {
  target: Target;
  /** What to run. Default: the backend is only started. */
  section?: { name: string; care: Care };
}

export type News =
  | { kind: "started"; setup: Setup }
  | { kind: "progress"; step: string }
  | { kind: "finished"; tables: ResultTable[] }
  | { kind: "failed"; message: string; isOfBackend: boolean };

const tell = (news: News) => new Promise<void>((resolve) => process.send?.(news, () => resolve()));

const obey = ({ target, section: wanted }: Order): Promise<ResultTable[]> =>
  withRunner(target, async (runner) => {
    const { backend, binary, runtime } = runner;
    await tell({ kind: "started", setup: { backend, binary, runtime } });
    if (!wanted) return [];
    const section = ALL_SECTIONS.find(({ name }) => name === wanted.name);
    if (!section) throw new Error(`there is no section '${wanted.name}'`);
    return runner.run(section, wanted.care, (step) => void tell({ kind: "progress", step }));
  });

process.once("message", async (order: Order) => {
  try {
    await tell({ kind: "finished", tables: await obey(order) });
  } catch (error) {
    const { message, stack } = error as Error;
    const isOfBackend = error instanceof BackendError;
    await tell({ kind: "failed", message: isOfBackend ? message : (stack ?? message), isOfBackend });
  }
});
process.on("disconnect", () => process.exit());
