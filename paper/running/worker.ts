import { setImmediate } from "node:timers/promises";
import "tfjs-uan";
import { DataError } from "../../learning/data/dataError.js";
import type { Folders } from "../../learning/data/prepare.js";
import { startNodeBackend } from "../../runtimes/nodeBackend.js";
import type { RunConfig } from "../config.js";
import { domainsOf, finishedRun, trainEpochs } from "../training/run.js";
import { RunFile } from "./runFile.js";

// The program of a process that makes one run after another for the pool.

/** A run to make, as the pool sends it. */
export interface Order {
  config: RunConfig;
  folders: Folders;
  /** The folder of the run's files. */
  runs: string;
  origin: string;
}

/** What a worker reports about its run. */
export type News =
  /** Sent first: so many epochs were done before. */
  | { kind: "resumed"; epochs: number }
  /** So much of an epoch has been trained since the last report; `epoch` is the present one, counted from 1. */
  | { kind: "progress"; epochs: number; epoch: number }
  | { kind: "finished" }
  | { kind: "failed"; message: string };

/** The shortest time between two reports of progress. */
const NEWS_INTERVAL_MS = 200;

const report = (news: News) => new Promise<void>((resolve) => process.send?.(news, () => resolve()));

async function run({ config, folders, runs, origin }: Order): Promise<void> {
  const domains = await domainsOf(config, folders);
  const file = new RunFile(runs, config, origin);
  let state = await file.readState();
  let epoch = state?.record.epochs.length ?? 0;
  await report({ kind: "resumed", epochs: epoch });

  let unreported = 0;
  let reportedAt = performance.now();
  const reportProgress = () => {
    const epochs = unreported;
    unreported = 0;
    reportedAt = performance.now();
    return report({ kind: "progress", epochs, epoch: epoch + 1 });
  };
  const watch = {
    step(share: number) {
      unreported += share;
    },
    async pause() {
      if (performance.now() - reportedAt > NEWS_INTERVAL_MS) await reportProgress();
      else await setImmediate();
    },
  };
  for await (state of trainEpochs(config, state, domains, watch)) {
    epoch++;
    await file.writeState(state);
  }
  await reportProgress();
  await file.writeFinished(finishedRun(config, state, domains));
  await report({ kind: "finished" });
}

function describe(error: unknown): string {
  if (error instanceof DataError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

await startNodeBackend("wasm");
process.on("message", async (order: Order) => {
  try {
    await run(order);
  } catch (error) {
    await report({ kind: "failed", message: describe(error) });
  }
});
process.on("disconnect", () => process.exit());
