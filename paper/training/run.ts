import type { Dataset } from "../../learning/data/dataset.js";
import { type DataConfig, type Folders, prepare } from "../../learning/data/prepare.js";
import type { RunConfig } from "../config.js";
import type { Finished } from "../results.js";
import { type Domain, type Domains, domainOf } from "./batches.js";
import { type RunState, trainEpoch } from "./epoch.js";
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

export async function domainsOf({ data, target, elsewhere }: RunConfig, folders: Folders): Promise<Domains> {
  const source = domainOf(await datasetOf(data, folders));
  const like = async (config: DataConfig) => domainOf(await datasetOf(config, folders), source.moments);
  return { source, ...(target && { target: await like(target) }), ...(elsewhere && { elsewhere: await like(elsewhere) }) };
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

const textOf = ({ dataset: { name, source } }: Domain) => `${name}: ${source}`;

export function finishedRun(config: RunConfig, state: RunState | undefined, { source, target, elsewhere }: Domains): Finished {
  return {
    config,
    source: textOf(source),
    ...(target && { target: textOf(target) }),
    ...(elsewhere && { elsewhere: textOf(elsewhere) }),
    classes: source.dataset.classes,
    record: state?.record ?? { epochs: [] },
  };
}
