import type { DataName } from "../learning/data/facts.js";
import type { DataConfig, Folders } from "../learning/data/prepare.js";

/** How much is trained. */
export interface Preset {
  name: "quick" | "full";
  description: string;
  seeds: number[];
  /** The paper's numbers of channels are multiplied by this. */
  width: number;
  batchSize: number;
  /**
   * Moving averages cover about so many images, for every batch size: their momentum is 1 − batch size / this. With AdaMatch, whose
   * steps use four batches, they cover four times as many.
   */
  movingImages: number;
  /** How images of every data set are selected and changed. Default: all images, in their own size. */
  images: Pick<DataConfig, "train" | "test" | "halved">;
  /** Whether VARIANTS of plan.ts are compared, too. */
  variants: boolean;
  /** Epochs of classification and components. */
  epochs: number;
  gradients: { epochs: number; learningRates: number[] };
  batchSizes: { sizes: number[]; train?: number; epochs: number };
  adaptation: { train?: number; batchSize: number; epochs: number };
}

/** Learning rates of the paper's tables. */
export const LEARNING_RATES = [0.001, 0.005];

const BATCH_SIZES = [2, 4, 8, 32, 128];

/** The integers from 1 to `count`. */
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

const SEEDS = upTo(3);

export const PRESETS: Record<Preset["name"], Preset> = {
  quick: {
    name: "quick",
    description:
      "small networks, few images of half the height and width, few epochs; three seeds take under 15 minutes on two cores",
    seeds: SEEDS,
    width: 0.125,
    batchSize: 32,
    movingImages: 320,
    images: { train: 2048, test: 2000, halved: true },
    variants: true,
    epochs: 8,
    gradients: { epochs: 4, learningRates: [0.001] },
    batchSizes: { sizes: BATCH_SIZES, train: 1024, epochs: 2 },
    adaptation: { train: 1536, batchSize: 32, epochs: 8 },
  },
  full: {
    name: "full",
    description: "the paper's network, all images, 100 epochs; it takes days on dozens of cores, months on two",
    seeds: SEEDS,
    width: 1,
    batchSize: 128,
    movingImages: 12800,
    images: {},
    variants: false,
    epochs: 100,
    gradients: { epochs: 20, learningRates: LEARNING_RATES },
    batchSizes: { sizes: BATCH_SIZES, epochs: 4 },
    adaptation: { batchSize: 64, epochs: 20 },
  },
};

/** The data sets to classify: CIFAR if the user has it, else MNIST. */
export function classified(folders: Folders): DataName[] {
  const given = (["cifar-10", "cifar-100"] as const).filter((name) => folders[name] !== undefined);
  return given.length > 0 ? given : ["mnist"];
}

/** Seeds for the choice of images. A subset of MNIST for a target domain differs from the source's. */
const DATA_SEED = { source: 1, target: 2 };

/** @param train how many training images; default: the preset's number */
export function dataOf(
  preset: Preset,
  name: DataName,
  train = preset.images.train,
  role: keyof typeof DATA_SEED = "source",
): DataConfig {
  return { name, ...preset.images, ...(train !== undefined && { train }), seed: DATA_SEED[role] };
}
