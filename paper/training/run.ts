import type { Dataset } from "../../learning/data/dataset.js";
import { type DataConfig, type Folders, prepare } from "../../learning/data/prepare.js";
import type { RunConfig } from "../config.js";
import type { Finished } from "../results.js";
import { domainOf } from "./batches.js";
import { type Domains, type RunState, trainEpoch } from "./epoch.js";
import type { Watch } from "./watch.js";

// Makes a run. This module imports all code that a run's numbers depend on: paper/running/origin.ts follows its imports.

/** How many data sets stay in memory for the next run. */
const MAX_DATASETS = 2;

/** By configuration, the one that was used last at the end. */
const datasets = new Map<string, Promise<Dataset>>();

function datasetOf(config: DataConfig, folders: Folders): Promise<Dataset> {
  const key = JSON.stringify(config);
  const dataset = datasets.get(key) ?? prepare(config, folders);
  datasets.delete(key);
  datasets.set(key, dataset);
  for (const [oldest] of [...datasets].slice(0, -MAX_DATASETS)) datasets.delete(oldest);
  return dataset;
}

export async function domainsOf({ data, target }: RunConfig, folders: Folders): Promise<Domains> {
  const source = domainOf(await datasetOf(data, folders));
  return target ? { source, target: domainOf(await datasetOf(target, folders), source.moments) } : { source };
}

/** Trains the epochs that are left. @param state of the last epoch that is done @returns the state after each epoch */
export async function* trainEpochs(
  config: RunConfig,
  state: RunState | undefined,
  domains: Domains,
  watch: Watch,
): AsyncGenerator<RunState> {
  let last = state;
  while ((last?.record.epochs.length ?? 0) < config.epochs) {
    last = await trainEpoch(config, last, domains, watch);
    yield last;
  }
}

export function finishedRun(config: RunConfig, state: RunState | undefined, { source, target }: Domains): Finished {
  return {
    config,
    source: `${source.dataset.name}: ${source.dataset.source}`,
    ...(target && { target: `${target.dataset.name}: ${target.dataset.source}` }),
    classes: source.dataset.classes,
    record: state?.record ?? { epochs: [] },
  };
}
