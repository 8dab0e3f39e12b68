import type { Folders } from "../learning/data/prepare.js";
import type { ExperimentName, RunConfig } from "./config.js";
import type { MethodName } from "./methods.js";
import { classified, dataOf, LEARNING_RATES, type Preset, upTo } from "./presets.js";

/** K, unless it is what an experiment compares: the library's default. */
export const COMPONENTS = 3;
const MAX_COMPONENTS = 8;
const LEARNING_RATE = 0.001;

/** The methods that the paper compares, and the library's starts. */
const COMPARED: MethodName[] = ["none", "bn", "ln", "gn", "mn", "uan-random", "uan-data", "uan-standardize"];

/** Options that the library might have as defaults. */
export const VARIANTS: MethodName[] = ["uan-affine", "uan-standardize-affine", "uan-momentum", "uan-both"];

const comparedIn = ({ variants }: Preset) => (variants ? [...COMPARED, ...VARIANTS] : COMPARED);

const ADAPTED: MethodName[] = ["bn", "uan-random", "uan-data", "uan-standardize", "uan-standardize-affine"];

type Planner = (preset: Preset, folders: Folders) => Omit<RunConfig, "experiment" | "momentum">[];

/** All combinations of the lists' values. The last list's values vary fastest. */
function combinations<T extends object>(lists: { [Key in keyof T]: T[Key][] }): T[] {
  return Object.entries<unknown[]>(lists).reduce<object[]>(
    (some, [key, values]) => some.flatMap((one) => values.map((value) => ({ ...one, [key]: value }))),
    [{}],
  ) as T[];
}

/** The values that most runs share. */
const common = (preset: Preset) => ({
  network: "cnn" as const,
  components: COMPONENTS,
  normalizes: "second" as const,
  width: preset.width,
  learningRate: LEARNING_RATE,
  batchSize: preset.batchSize,
  epochs: preset.epochs,
});

/** The first of the data sets to classify, for experiments that need only one. */
const firstData = (preset: Preset, folders: Folders, train?: number) => dataOf(preset, classified(folders)[0] ?? "mnist", train);

const PLANNERS: Record<ExperimentName, Planner> = {
  classification(preset, folders) {
    const names = classified(folders);
    const { train } = preset.images;
    const share = train === undefined ? undefined : Math.floor(train / names.length);
    return combinations<Pick<RunConfig, "seed" | "data" | "learningRate" | "method">>({
      seed: preset.seeds,
      data: names.map((name) => dataOf(preset, name, share)),
      learningRate: LEARNING_RATES,
      method: comparedIn(preset),
    }).map((choice) => ({ ...common(preset), ...choice }));
  },

  gradients(preset, folders) {
    const { epochs, learningRates } = preset.gradients;
    const data = firstData(preset, folders);
    return combinations<Pick<RunConfig, "seed" | "learningRate" | "method">>({
      seed: preset.seeds,
      learningRate: learningRates,
      method: COMPARED,
    }).map((choice) => ({ ...common(preset), data, epochs, observe: "gradients", ...choice }));
  },

  "batch-size"(preset, folders) {
    const { sizes, train, epochs } = preset.batchSizes;
    const data = firstData(preset, folders, train);
    // A channel has many activations in a batch of two images after a convolution, but only two after a dense layer.
    return combinations<Pick<RunConfig, "seed" | "network" | "batchSize" | "method">>({
      seed: preset.seeds,
      network: ["cnn", "mlp"],
      batchSize: sizes,
      method: comparedIn(preset),
    }).map((choice) => ({
      ...common(preset),
      data,
      epochs,
      normalizes: "all",
      ...choice,
      ...(choice.network === "mlp" && { width: 1 }),
    }));
  },

  components(preset, folders) {
    const data = firstData(preset, folders);
    return combinations<Pick<RunConfig, "seed" | "components">>({
      seed: preset.seeds,
      components: upTo(MAX_COMPONENTS),
    }).map((choice) => ({
      ...common(preset),
      data,
      method: "uan-data",
      observe: "mixtures",
      ...choice,
    }));
  },

  "domain-adaptation"(preset, folders) {
    const { train, batchSize, epochs } = preset.adaptation;
    const data = { ...dataOf(preset, "mnist", train), asColor: true };
    const name = folders.svhn === undefined ? "mnist-shifted" : "svhn";
    const target = { ...dataOf(preset, name, train, "target"), asColor: true };
    return combinations<Pick<RunConfig, "seed" | "method">>({ seed: preset.seeds, method: ADAPTED }).map((choice) => ({
      ...common(preset),
      data,
      target,
      normalizes: "all",
      batchSize,
      epochs,
      ...choice,
    }));
  },
};

/** The runs of an experiment, ordered by seed, so that interrupted results still allow complete comparisons. */
export function planOf(experiment: ExperimentName, preset: Preset, folders: Folders): RunConfig[] {
  const momentum = (batchSize: number) => 1 - batchSize / preset.movingImages;
  return PLANNERS[experiment](preset, folders).map((config) => ({ experiment, ...config, momentum: momentum(config.batchSize) }));
}
