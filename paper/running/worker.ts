import { setImmediate } from "node:timers/promises";
import "tfjs-uan";
import { DataError } from "../../learning/data/dataError.js";
import type { Dataset } from "../../learning/data/dataset.js";
import { type DataConfig, type Folders, prepare } from "../../learning/data/prepare.js";
import { startNodeBackend } from "../../runtimes/nodeBackend.js";
import type { RunConfig } from "../config.js";
import { domainOf } from "../training/batches.js";
import { type Domains, trainEpoch } from "../training/epoch.js";
import { RunFile } from "./runFile.js";

// A process of its own, which makes one run after another for the pool.

export interface Order {
  config: RunConfig;
  folders: Folders;
  runs: string;
  origin: string;
}

/** What a worker says of its run. */
export type News =
  /** So many epochs were done before, or so much of one has been done since it last said so. */
  | { kind: "resumed"; epochs: number }
  | { kind: "progress"; epochs: number; epoch: number }
  | { kind: "finished" }
  | { kind: "failed"; message: string };

/** Between two news of progress. */
const NEWS_INTERVAL_MS = 200;
/** Data sets that are kept for the next run. */
const MOST_KEPT = 2;

const say = (news: News) => new Promise<void>((resolve) => process.send?.(news, () => resolve()));

const datasets = new Map<string, Promise<Dataset>>();

function datasetOf(config: DataConfig, folders: Folders): Promise<Dataset> {
  const key = JSON.stringify(config);
  const dataset = datasets.get(key) ?? prepare(config, folders);
  datasets.delete(key);
  datasets.set(key, dataset); // as the last that was asked for
  for (const [oldest] of [...datasets].slice(0, -MOST_KEPT)) datasets.delete(oldest);
  return dataset;
}

async function domainsOf({ data, target }: RunConfig, folders: Folders): Promise<Domains> {
  const source = domainOf(await datasetOf(data, folders));
  return target ? { source, target: domainOf(await datasetOf(target, folders), source.moments) } : { source };
}

async function run({ config, folders, runs, origin }: Order): Promise<void> {
  const domains = await domainsOf(config, folders);
  const file = new RunFile(runs, config, origin);
  let state = await file.readState();
  let epoch = state?.record.epochs.length ?? 0;
  await say({ kind: "resumed", epochs: epoch });

  let unsaid = 0;
  let saidAt = performance.now();
  const tell = () => {
    const epochs = unsaid;
    unsaid = 0;
    saidAt = performance.now();
    return say({ kind: "progress", epochs, epoch: epoch + 1 });
  };
  const watch = {
    step(share: number) {
      unsaid += share;
    },
    async pause() {
      if (performance.now() - saidAt > NEWS_INTERVAL_MS) await tell();
      else await setImmediate();
    },
  };
  for (; epoch < config.epochs; epoch++) {
    state = await trainEpoch(config, state, domains, watch);
    await file.writeState(state);
  }
  await tell();
  const { source, target } = domains;
  await file.writeFinished({
    config,
    source: `${source.dataset.name}: ${source.dataset.source}`,
    ...(target && { target: `${target.dataset.name}: ${target.dataset.source}` }),
    classes: source.dataset.classes,
    record: state?.record ?? { epochs: [] },
  });
  await say({ kind: "finished" });
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
    await say({ kind: "failed", message: describe(error) });
  }
});
process.on("disconnect", () => process.exit());
