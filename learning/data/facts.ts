import { SIDE, TEST_DIGITS, TRAINING_DIGITS } from "./digits.js";

/** Height, width and channels of CIFAR's and SVHN's images. */
export const COLOR = [32, 32, 3] as const;

const MNIST = { train: TRAINING_DIGITS, test: TEST_DIGITS, shape: [SIDE, SIDE, 1] } as const;
const CIFAR = { train: 50000, test: 10000, shape: COLOR } as const;

/** The complete data sets. */
export const DATASETS = {
  mnist: { label: "MNIST", ...MNIST },
  "mnist-shifted": { label: "MNIST-shifted (made from MNIST)", ...MNIST },
  "cifar-10": { label: "CIFAR-10", ...CIFAR },
  "cifar-100": { label: "CIFAR-100", ...CIFAR },
  svhn: { label: "SVHN", train: 73257, test: 26032, shape: COLOR },
} as const;

export type DataName = keyof typeof DATASETS;
