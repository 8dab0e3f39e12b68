import { MIXTURES } from "../learning/data/mixed.js";
import type { Folders } from "../learning/data/prepare.js";
import { CHOICE, type ExperimentName, type RunConfig } from "./config.js";
import { componentsOf, type MethodName } from "./methods.js";
import {
  CHOICE_RATES,
  classified,
  dataOf,
  LEARNING_RATES,
  MASSES,
  MEMORIES,
  MEMORY,
  PRIOR_MASS,
  type Preset,
  RATES,
} from "./presets.js";

const LEARNING_RATE = 0.001;

/** All methods but "uan-moments-1", which computes what "bn-prior" does. */
const COMPARED: MethodName[] = [
  "none",
  "bn",
  "bn-prior",
  "brn",
  "ln",
  "gn",
  "mn",
  "uan-random",
  "uan-data",
  "uan-standardize-1",
  "uan-standardize",
  "uan-standardize-scaled",
  "uan-moments",
];

const without = (...methods: MethodName[]) => COMPARED.filter((method) => !methods.includes(method));

const OBSERVED = without("mn", "uan-random");

/** Without the slow methods that fail in small batches: MN, and LN over the few channels of each position of a CNN. */
const BY_BATCH_SIZE: Record<RunConfig["network"], MethodName[]> = {
  mlp: without("mn", "uan-random"),
  cnn: without("mn", "uan-random", "ln"),
};

const MIXED: MethodName[] = [...without("ln", "gn", "mn", "brn", "uan-random"), "uan-moments-1"];

/** The methods that might be defaults, and those that they are compared with. */
const FINALISTS: MethodName[] = ["none", "bn", "bn-prior", "uan-standardize-1", "uan-standardize", "uan-standardize-scaled"];

const ADAPTED: MethodName[] = ["bn", "bn-prior", "uan-data", "uan-standardize-1", "uan-standardize-scaled"];

/** The methods that recalibration can adapt, and what a network does without. */
const RECALIBRATED: MethodName[] = [...FINALISTS, "uan-moments"];

/** The method that prior mass and memory are chosen with. Its outputs have the scale of BN's. */
export const CHOOSING: MethodName = "uan-standardize-scaled";

/** A run without what follows from the rest. */
type Choice = Omit<RunConfig, "experiment" | "momentum" | "components" | "priorMass" | "memory"> &
  Partial<Pick<RunConfig, "components" | "priorMass" | "memory">>;

type Planner = (preset: Preset, folders: Folders) => Choice[];

/** All combinations of the lists' values. The last list's values vary fastest. */
function combinations<T extends object>(lists: { [Key in keyof T]: readonly T[Key][] }): T[] {
  return Object.entries<readonly unknown[]>(lists).reduce<object[]>(
    (some, [key, values]) => some.flatMap((one) => values.map((value) => ({ ...one, [key]: value }))),
    [{}],
  ) as T[];
}

/** The values that most runs share. */
const common = (preset: Preset) => ({
  network: "cnn" as const,
  normalizes: "second" as const,
  width: preset.width,
  learningRate: LEARNING_RATE,
  batchSize: preset.batchSize,
  epochs: preset.epochs,
});

const NETWORKS: RunConfig["network"][] = ["mlp", "cnn"];

/** Normalized after every layer. The perceptron has its full width. */
const everywhere = (preset: Preset, network: RunConfig["network"]) => ({
  network,
  normalizes: "all" as const,
  width: network === "mlp" ? 1 : preset.width,
});

/** The first of the data sets to classify, for experiments that need only one. */
const firstData = (preset: Preset, folders: Folders, train?: number) => dataOf(preset, classified(folders)[0] ?? "mnist", train);

/** Two domains of the same images: MNIST's in color, and SVHN if the user has it, else MNIST-shifted. */
function twoDomains(preset: Preset, folders: Folders) {
  const { train } = preset.adaptation;
  const name = folders.svhn === undefined ? "mnist-shifted" : "svhn";
  return {
    source: { ...dataOf(preset, "mnist", train), asColor: true },
    other: { ...dataOf(preset, name, train, "target"), asColor: true },
  };
}

const PLANNERS: Record<ExperimentName, Planner> = {
  classification(preset, folders) {
    const names = classified(folders);
    const { train } = preset.images;
    const share = train === undefined ? undefined : Math.floor(train / names.length);
    return combinations<Pick<RunConfig, "seed" | "data" | "learningRate" | "method">>({
      seed: preset.seeds,
      data: names.map((name) => dataOf(preset, name, share)),
      learningRate: LEARNING_RATES,
      method: COMPARED,
    }).map((choice) => ({ ...common(preset), ...choice }));
  },

  gradients(preset, folders) {
    const { epochs, learningRates } = preset.gradients;
    const data = firstData(preset, folders);
    return combinations<Pick<RunConfig, "seed" | "learningRate" | "method">>({
      seed: preset.seeds,
      learningRate: learningRates,
      method: OBSERVED,
    }).map((choice) => ({ ...common(preset), data, epochs, observe: "gradients", ...choice }));
  },

  "batch-size"(preset, folders) {
    const { sizes, train } = preset.batchSizes;
    const data = firstData(preset, folders, train);
    // A channel has many activations in a batch of two images after a convolution, but only two after a dense layer.
    return combinations<Pick<RunConfig, "seed" | "network" | "learningRate" | "method"> & { size: (typeof sizes)[number] }>({
      seed: preset.seeds,
      network: NETWORKS,
      learningRate: RATES,
      size: sizes,
      method: BY_BATCH_SIZE.mlp,
    })
      .filter(({ network, method }) => BY_BATCH_SIZE[network].includes(method))
      .map(({ size, ...choice }) => ({ ...common(preset), data, ...size, ...choice, ...everywhere(preset, choice.network) }));
  },

  components(preset, folders) {
    const data = firstData(preset, folders);
    return combinations<Pick<RunConfig, "seed" | "method" | "components">>({
      seed: preset.seeds,
      method: ["uan-standardize", "uan-standardize-scaled"],
      components: preset.components,
    })
      .filter(({ method, components }) => components > 1 || method === "uan-standardize-scaled") // both are the same with K = 1
      .map((choice) => ({ ...common(preset), normalizes: "all", data, observe: "mixtures", ...choice }));
  },

  "mixed-domains"(preset, folders) {
    const { train, sizes, epochs } = preset.mixed;
    const data = firstData(preset, folders, train);
    return combinations<Pick<RunConfig, "seed" | "network" | "batchSize" | "method"> & { mixed: (typeof MIXTURES)[number] }>({
      seed: preset.seeds,
      mixed: MIXTURES,
      network: NETWORKS,
      batchSize: sizes,
      method: MIXED,
    }).map(({ mixed, ...choice }) => ({
      ...common(preset),
      data: { ...data, mixed },
      epochs,
      ...choice,
      ...everywhere(preset, choice.network),
    }));
  },

  longer(preset, folders) {
    const { train, epochs } = preset.longer;
    const data = firstData(preset, folders, train);
    return combinations<Pick<RunConfig, "seed" | "network" | "method">>({
      seed: preset.seeds,
      network: NETWORKS,
      method: FINALISTS,
    }).map((choice) => ({ ...common(preset), data, epochs, ...choice, ...everywhere(preset, choice.network) }));
  },

  "domain-adaptation"(preset, folders) {
    const { batchSize, epochs } = preset.adaptation;
    const { source, other } = twoDomains(preset, folders);
    return combinations<Pick<RunConfig, "seed" | "method">>({ seed: preset.seeds, method: ADAPTED }).map((choice) => ({
      ...common(preset),
      data: source,
      target: other,
      normalizes: "all",
      batchSize,
      epochs,
      ...choice,
    }));
  },

  recalibration(preset, folders) {
    const { batchSize, epochs } = preset.adaptation;
    const { source, other } = twoDomains(preset, folders);
    return combinations<Pick<RunConfig, "seed" | "method">>({ seed: preset.seeds, method: RECALIBRATED }).map((choice) => ({
      ...common(preset),
      data: source,
      elsewhere: other,
      normalizes: "all",
      batchSize,
      epochs,
      ...choice,
    }));
  },

  [CHOICE](preset, folders) {
    const { sizes, train, test, seeds } = preset.choice;
    const data = { ...firstData(preset, folders, train), ...(test !== undefined && { test }), setAside: "only" as const };
    return combinations<
      Pick<RunConfig, "seed" | "network" | "learningRate" | "priorMass" | "memory"> & { size: (typeof sizes)[number] }
    >({
      seed: seeds,
      network: NETWORKS,
      learningRate: CHOICE_RATES,
      size: sizes,
      memory: MEMORIES,
      priorMass: MASSES,
    }).map(({ size, ...choice }) => ({
      ...common(preset),
      data,
      method: CHOOSING,
      ...size,
      ...choice,
      ...everywhere(preset, choice.network),
    }));
  },
};

/** The runs of an experiment, ordered by seed, so that interrupted results still allow complete comparisons. */
export function planOf(experiment: ExperimentName, preset: Preset, folders: Folders): RunConfig[] {
  const momentum = (batchSize: number) => 1 - batchSize / preset.movingImages;
  return PLANNERS[experiment](preset, folders).map((config) => ({
    experiment,
    components: componentsOf(config.method),
    priorMass: PRIOR_MASS,
    memory: MEMORY,
    ...config,
    momentum: momentum(config.batchSize),
  }));
}
