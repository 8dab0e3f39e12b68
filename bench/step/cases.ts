import type { STEP_CONTENDERS } from "../names.js";

// What is measured. This module imports nothing of TensorFlow.js: each contender has a process of its own.

export type ContenderKey = keyof typeof STEP_CONTENDERS;
export type NetworkKey = "perceptron" | "cnn" | "lstm" | "transformer" | "volumes";
/** Batch, group and layer normalization, and UAN, by their initials. */
export type NormalizationKey = "none" | "BN" | "GN" | "LN" | "UAN";

export interface StepCase {
  network: NetworkKey;
  normalization: NormalizationKey;
  batch: number;
  /** Whether the library's contender has fusedAdam in the place of tf.train.adam. */
  hasFusedAdam?: true;
  /** Whether there is a table of its kernels. */
  isProfiled?: true;
  /** Whether a quick run has it. */
  isQuick?: true;
  /** Contenders that cannot compute it. */
  without?: ContenderKey[];
  /** Contenders whose gradients are wrong, so that they learn otherwise. */
  wrong?: ContenderKey[];
}

const NAMES: Record<NetworkKey, string> = {
  perceptron: "perceptron",
  cnn: "CNN",
  lstm: "LSTM",
  transformer: "transformer",
  volumes: "CNN of volumes",
};

export const caseName = ({ network, normalization, batch, hasFusedAdam }: StepCase) => {
  const normalized = normalization === "none" ? "" : `, ${normalization}`;
  return `${NAMES[network]}${normalized}${hasFusedAdam ? ", fusedAdam" : ""}, batch ${batch}`;
};

export const CASES: StepCase[] = [
  { network: "perceptron", normalization: "none", batch: 128, isProfiled: true, isQuick: true },
  { network: "perceptron", normalization: "none", batch: 128, hasFusedAdam: true, isProfiled: true },
  ...[32, 128].flatMap((batch): StepCase[] => {
    const small = batch === 32 ? ({ isProfiled: true } as const) : {};
    return [
      { network: "cnn", normalization: "none", batch, ...small, ...(batch === 32 && { isQuick: true }) },
      { network: "cnn", normalization: "BN", batch, ...small },
      { network: "cnn", normalization: "GN", batch },
      { network: "cnn", normalization: "LN", batch },
      { network: "cnn", normalization: "UAN", batch, ...small, without: ["theirs"] },
    ];
  }),
  { network: "lstm", normalization: "none", batch: 128, isProfiled: true },
  { network: "transformer", normalization: "LN", batch: 8, isProfiled: true },
  { network: "volumes", normalization: "none", batch: 2, isProfiled: true, wrong: ["theirs"] },
];

export const CASES_NOTE =
  "Adam (tf.train.adam, except where it says that the library's has fusedAdam), categorical cross-entropy, tf.LayersModel.trainOnBatch. Perceptron: 784-128-64-10, ReLU. CNN: 28×28, convolutions 3×3 of 32 and 64 " +
  "channels, each with the normalization and ReLU, a pool of 2×2, 10 classes; GN has 8 groups, UAN K = 3. LSTM: 64 units, 28 steps of 28 " +
  "numbers. Transformer: a block of 128 positions and 64 channels, 8 heads, a hidden layer of 256, two LN. CNN of volumes: 24×24×24, " +
  "convolutions 3×3×3 of 8 and 16 channels, each with ReLU and a pool of 2×2×2.";
