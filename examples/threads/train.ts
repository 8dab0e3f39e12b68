import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { fusedAdam } from "tfjs-uan";
import { unsupervisedAdaptiveNormalization } from "tfjs-uan/layers";
import { useThreadedBackend } from "tfjs-uan/threads";

const SIDE = 28;
const CLASSES = 4;
const weights = (seed: number) => tfl.initializers.glorotUniform({ seed });

function makeModel(): tfl.Sequential {
  const stage = (filters: number, seed: number) => [
    tfl.layers.conv2d({ filters, kernelSize: 3, padding: "same", kernelInitializer: weights(seed) }),
    unsupervisedAdaptiveNormalization(),
    tfl.layers.reLU(),
    tfl.layers.maxPooling2d({ poolSize: 2 }),
  ];
  return tfl.sequential({
    layers: [
      tfl.layers.inputLayer({ inputShape: [SIDE, SIDE, 1] }),
      ...stage(16, 1),
      ...stage(32, 2),
      tfl.layers.flatten(),
      tfl.layers.dense({ units: CLASSES, activation: "softmax", kernelInitializer: weights(3) }),
    ],
  });
}

/** Noisy waves in one of four directions, and which. */
function waves(count: number): { x: tf.Tensor4D; y: tf.Tensor2D } {
  return tf.tidy(() => {
    const classes = Array.from({ length: count }, (_, i) => i % CLASSES);
    const places = tf.range(0, SIDE);
    const [rows, columns] = [tf.reshape(places, [1, SIDE, 1]), tf.reshape(places, [1, 1, SIDE])];
    const across = (of: (angle: number) => number) =>
      tf.reshape(tf.tensor1d(classes.map((k) => of((k * Math.PI) / CLASSES))), [count, 1, 1]);
    const phases = tf.randomUniform([count, 1, 1], 0, 2 * Math.PI, "float32", 1);
    const along = tf.add(tf.mul(rows, across(Math.sin)), tf.mul(columns, across(Math.cos)));
    const noise = tf.randomNormal([count, SIDE, SIDE], 0, 1, "float32", 2);
    const x = tf.add(tf.sin(tf.add(along, phases)), noise);
    return {
      x: tf.expandDims(x, 3) as tf.Tensor4D,
      y: tf.cast(tf.oneHot(tf.tensor1d(classes, "int32"), CLASSES), "float32") as tf.Tensor2D,
    };
  });
}

export interface Trained {
  threads: number;
  /** Of each epoch. */
  losses: number[];
  milliseconds: number;
}

/**
 * Trains a network anew. A later call of useThreadedBackend changes the number of threads; it is to be the first to use 'wasm'.
 *
 * @param threads how many compute, with the caller's; default: the cores that may be used, at most 8
 */
export async function train(options: { threads?: number | undefined; count?: number; epochs?: number }): Promise<Trained> {
  const { threads: wanted, count = 256, epochs = 4 } = options;
  const { threads } = await useThreadedBackend(wanted === undefined ? {} : { threads: wanted });
  const model = makeModel();
  const optimizer = fusedAdam(0.003);
  const { x, y } = waves(count);
  model.compile({ optimizer, loss: "categoricalCrossentropy" });
  const start = performance.now();
  const { history } = await model.fit(x, y, { epochs, batchSize: 32, shuffle: false, verbose: 0 });
  const milliseconds = performance.now() - start;
  tf.dispose([x, y]);
  model.dispose();
  optimizer.dispose();
  return { threads, losses: history.loss as number[], milliseconds };
}
