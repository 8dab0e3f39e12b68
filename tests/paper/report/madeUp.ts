import type { RunConfig } from "../../../paper/config.js";
import type { Scores } from "../../../paper/metrics.js";
import type { EpochRecord, Finished, Results, RunRecord } from "../../../paper/results.js";
import type { GradientRecord } from "../../../paper/training/gradients.js";
import type { MixtureRecord } from "../../../paper/training/mixtures.js";

const CONFIG: RunConfig = {
  experiment: "classification",
  network: "cnn",
  method: "bn",
  components: 3,
  momentum: 0.9,
  priorMass: 2,
  memory: 96,
  normalizes: "second",
  width: 0.125,
  seed: 1,
  data: { name: "mnist", train: 1000, test: 500, halved: true, seed: 1 },
  learningRate: 0.001,
  batchSize: 32,
  epochs: 4,
};

/** Scores whose precision, recall and F1 are a little less than the accuracy, each by a different amount. */
const scores = (accuracy: number): Scores => ({
  accuracy,
  precision: accuracy - 0.01,
  recall: accuracy - 0.02,
  f1: accuracy - 0.03,
});

/** An epoch. The loss of its first half is 0.1 more than the mean, that of the second half 0.1 less. */
export function epoch(number: number, loss: number, accuracy?: number, target?: number): EpochRecord {
  return {
    epoch: number,
    loss,
    losses: [loss + 0.1, loss - 0.1],
    seconds: 1,
    ...(accuracy !== undefined && { test: scores(accuracy) }),
    ...(target !== undefined && { target: scores(target) }),
  };
}

export function run(config: Partial<RunConfig>, epochs: EpochRecord[], rest: Partial<RunRecord> = {}): Finished {
  const whole = { ...CONFIG, ...config };
  const other = "MNIST-shifted (made from MNIST): a box of digits";
  const domains = { ...(whole.target && { target: other }), ...(whole.elsewhere && { elsewhere: other }) };
  return { config: whole, source: "MNIST: a box of digits", ...domains, classes: 10, record: { epochs, ...rest } };
}

/** A run for each seed, from 1. Each ends with one of the accuracies, and a loss of 0.5. */
export const seeds = (config: Partial<RunConfig>, accuracies: number[]): Finished[] =>
  accuracies.map((accuracy, i) => run({ ...config, seed: i + 1 }, [epoch(4, 0.5, accuracy)]));

/** A run whose loss is NaN from the second quarter on, with the accuracy of guessing. */
export const diverged = (config: Partial<RunConfig>): Finished =>
  run(config, [epoch(1, 2, 0.3, 0.2), epoch(2, Number.NaN, 0.1, 0.1), epoch(4, Number.NaN, 0.1, 0.1)]);

/** A record with two layers. Norm and variance of the second layer are ten times as large. */
export function gradient(at: number, norm: number, fluctuation: number, turn: number): GradientRecord {
  const layer = (name: string, factor: number) => ({
    layer: name,
    norm: factor * norm,
    fluctuation,
    variance: (factor * norm) / 1000,
  });
  return {
    at,
    layers: [layer("convolution 1", 1), layer("convolution 2", 10)],
    turn: [turn / 2, turn, 2 * turn, 4 * turn],
    change: [turn / 200, turn / 100, turn / 50, turn / 25],
  };
}

/** A record of channels 0 and 5, whose components are similar. */
export function mixture(used: number, components: number): MixtureRecord {
  const each = <T>(value: (k: number) => T) => Array.from({ length: components }, (_, k) => value(k));
  const channel = (number: number) => ({
    channel: number,
    from: -2,
    to: 2,
    density: [0.1, 0.4, 0.4, 0.1],
    mean: each((k) => k - (components - 1) / 2),
    variance: each(() => 1),
    prior: each(() => 1 / components),
  });
  return { used, channels: [channel(0), channel(5)] };
}

export const SHIFTED: RunConfig["data"] = { name: "mnist-shifted", train: 1000, test: 500, asColor: true, seed: 2 };

export function results(runs: Finished[]): Results {
  return {
    version: 2,
    date: "2025-01-02T03:04:05.000Z",
    preset: "quick",
    presetDescription: "made up",
    machine: "4 cores of Abacus 9000",
    software: "Node.js v20.1.0, wasm",
    experiments: [...new Set(runs.map(({ config }) => config.experiment))],
    runs,
  };
}

/** Runs whose networks also have these accuracies with moving moments of training images. */
export const recalibrated = (runs: Finished[], accuracies: number[], onTarget?: number[]): Finished[] =>
  runs.map((run, i) => {
    const target = onTarget && { target: scores(onTarget[i] as number) };
    const epochs = run.record.epochs.map((epoch) => ({
      ...epoch,
      recalibrated: { test: scores(accuracies[i] as number), ...target },
    }));
    return { ...run, record: { ...run.record, epochs } };
  });

/** Runs of every experiment with two seeds. */
export function everything(): Results {
  const both = (make: (seed: number) => Finished[]) => [1, 2].flatMap(make);
  const classification = both((seed) =>
    (["bn", "mn", "uan-random", "uan-data", "uan-standardize"] as const).map((method, i) =>
      run({ method, seed }, [epoch(1, 0.8 - i / 100, 0.8 + seed / 100), epoch(2, 0.5), epoch(4, 0.2, 0.9 + seed / 100)]),
    ),
  );
  const gradients = both((seed) =>
    (["bn", "uan-data"] as const).map((method, i) => {
      const records = [gradient(0.5, 1.5 + i, 0.2 + seed / 50, 20 + seed), gradient(1, 1 + i, 0.3, 10)];
      return run({ experiment: "gradients", method, seed }, [epoch(4, 0.2, 0.9)], { gradients: records });
    }),
  );
  const batchSizes = both((seed) =>
    [2, 8].flatMap((batchSize) =>
      (["bn", "uan-data", "uan-standardize"] as const).map((method) =>
        run({ experiment: "batch-size", batchSize, method, seed }, [epoch(2, 0.4, 0.7), epoch(4, 0.3, 0.8 + seed / 100)]),
      ),
    ),
  );
  const components = both((seed) =>
    [1, 2].map((count) => {
      const mixtures = [mixture(count - 0.1, count), mixture(count - 0.05, count)];
      return run({ experiment: "components", method: "uan-standardize", components: count, seed }, [epoch(4, 0.2, 0.9)], {
        mixtures,
      });
    }),
  );
  const adaptation = both((seed) =>
    (["bn", "uan-data"] as const).map((method) => {
      const epochs = [epoch(2, 2, 0.8, 0.4), epoch(4, 1, 0.9, 0.5 + seed / 100)];
      return run({ experiment: "domain-adaptation", method, seed, target: SHIFTED, normalizes: "all" }, epochs);
    }),
  );
  const mixed = (["bn", "uan-moments"] as const).flatMap((method) =>
    recalibrated(
      seeds({ experiment: "mixed-domains", method, network: "mlp", data: { ...CONFIG.data, mixed: "inverted" } }, [0.7, 0.72]),
      [0.8, 0.82],
    ),
  );
  const longer = (["none", "bn", "uan-standardize"] as const).flatMap((method) =>
    seeds({ experiment: "longer", method }, [0.9, 0.92]),
  );
  const elsewhere = (["none", "bn", "uan-standardize"] as const).flatMap((method, i) => {
    const runs = both((seed) => [
      run({ experiment: "recalibration", method, seed, elsewhere: SHIFTED, normalizes: "all" }, [
        epoch(4, 1, 0.9, 0.3 + seed / 100),
      ]),
    ]);
    return i === 0 ? runs : recalibrated(runs, [0.9, 0.9], [0.4 + i / 10, 0.42 + i / 10]);
  });
  return results([
    ...classification,
    ...gradients,
    ...batchSizes,
    ...components,
    ...mixed,
    ...longer,
    ...adaptation,
    ...elsewhere,
  ]);
}
