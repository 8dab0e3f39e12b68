import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { fusedAdam } from "tfjs-uan";
import { unsupervisedAdaptiveNormalization } from "tfjs-uan/layers";
import { startBackend } from "./backend.js";
import type { Report, Task } from "./messages.js";

const CLASSES = 3;
const POINTS = 300;

const send = (report: Report) => postMessage(report);

/** Points [POINTS, 2] on three spirals in turn, and on which. */
function spirals() {
  return tf.tidy(() => {
    const classes = Array.from({ length: POINTS }, (_, i) => i % CLASSES);
    const radii = tf.randomUniform([POINTS], 0.1, 1, "float32", 1);
    const angles = tf.add(tf.mul(radii, 1.5 * Math.PI), tf.mul(classes, (2 * Math.PI) / CLASSES));
    const x = tf.stack([tf.mul(radii, tf.cos(angles)), tf.mul(radii, tf.sin(angles))], 1);
    return { x, y: tf.cast(tf.oneHot(tf.tensor1d(classes, "int32"), CLASSES), "float32") };
  });
}

function makeModel(): tfl.Sequential {
  const dense = (units: number, seed: number) =>
    tfl.layers.dense({ units, kernelInitializer: tfl.initializers.glorotUniform({ seed }) });
  const hidden = (seed: number) => [dense(16, seed), unsupervisedAdaptiveNormalization(), tfl.layers.reLU()];
  const ends = [dense(CLASSES, 3), tfl.layers.softmax()];
  return tfl.sequential({ layers: [tfl.layers.inputLayer({ inputShape: [2] }), ...hidden(1), ...hidden(2), ...ends] });
}

async function train({ epochs }: Task): Promise<void> {
  const { x, y } = spirals();
  const model = makeModel();
  const optimizer = fusedAdam(0.02);
  model.compile({ optimizer, loss: "categoricalCrossentropy", metrics: ["accuracy"] });
  const onEpochEnd = async (epoch: number, logs?: tfl.Logs) =>
    send({ kind: "epoch", epoch: epoch + 1, loss: logs?.loss as number });
  const { history } = await model.fit(x, y, { epochs, batchSize: 25, shuffle: false, verbose: 0, callbacks: { onEpochEnd } });
  model.dispose();
  optimizer.dispose(); // the model disposes an optimizer that is named by a string, as "adam", alone
  tf.dispose([x, y]);
  send({ kind: "done", accuracy: history.acc?.at(-1) as number, tensors: tf.memory().numTensors });
}

const sendError = (error: unknown) => send({ kind: "error", message: String((error as Error)?.message ?? error) });

self.onmessage = ({ data }: MessageEvent<Task>) => train(data).catch(sendError);
startBackend().then(() => send({ kind: "ready" }), sendError);
