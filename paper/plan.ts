import type { Folders } from "../learning/data/prepare.js";
import type { ExperimentName, RunConfig } from "./config.js";
import type { MethodName } from "./methods.js";
import { classified, dataOf, LEARNING_RATES, type Preset, upTo } from "./presets.js";

/** K, where it is not what is asked about: the library's default. */
export const COMPONENTS = 3;
const MOST_COMPONENTS = 8;
const LEARNING_RATE = 0.001;

/** What the paper compares, and the starts that the library has. */
const COMPARED: MethodName[] = ["none", "bn", "ln", "gn", "mn", "uan-random", "uan-data", "uan-standardize"];

/** What the library might do by default, too. */
export const VARIANTS: MethodName[] = ["uan-affine", "uan-standardize-affine", "uan-momentum", "uan-both"];

const comparedIn = ({ variants }: Preset) => (variants ? [...COMPARED, ...VARIANTS] : COMPARED);

const ADAPTED: MethodName[] = ["bn", "uan-random", "uan-data", "uan-standardize", "uan-standardize-affine"];

type Planner = (preset: Preset, folders: Folders) => Omit<RunConfig, "experiment" | "momentum">[];

/** Every choice of a value for each of the lists' keys, the last list's values next to each other. */
function combinations<T extends object>(lists: { [Key in keyof T]: T[Key][] }): T[] {
  return Object.entries<unknown[]>(lists).reduce<object[]>(
    (some, [key, values]) => some.flatMap((one) => values.map((value) => ({ ...one, [key]: value }))),
    [{}],
  ) as T[];
}

/** What most runs have in common. */
const common = (preset: Preset) => ({
  network: "cnn" as const,
  components: COMPONENTS,
  normalizes: "second" as const,
  width: preset.width,
  learningRate: LEARNING_RATE,
  batchSize: preset.batchSize,
  epochs: preset.epochs,
});

/** The first of the data sets that are classified: where one is enough. */
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
    // After a convolution a batch of two images is many activations of a channel; after a dense layer it is two.
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
      components: upTo(MOST_COMPONENTS),
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

/** The runs of an experiment, a seed's after another's: what is interrupted has whole comparisons. */
export function planOf(experiment: ExperimentName, preset: Preset, folders: Folders): RunConfig[] {
  const momentum = (batchSize: number) => 1 - batchSize / preset.movingImages;
  return PLANNERS[experiment](preset, folders).map((config) => ({ experiment, ...config, momentum: momentum(config.batchSize) }));
}
