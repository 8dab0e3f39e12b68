// Trains the Worker's model, which says to which of three spirals a point of the plane belongs, and writes it to model.json. Every
// run writes the same file:
//
//     npm run build && npx tsx examples/worker/train.ts
//
import { writeFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-wasm";
import * as tfl from "@tensorflow/tfjs-layers";
import { unsupervisedAdaptiveNormalization } from "tfjs-uan/layers";

const FILE = new URL("model.json", import.meta.url);
const CLASSES = 3;
const POINTS = 600;
const NOISE = 0.02;
const UNITS = 16;
const EPOCHS = 60;
const BATCH_SIZE = 50;

/** Points on the three spirals in turn. */
function spirals(): { xs: tf.Tensor2D; ys: tf.Tensor2D } {
  return tf.tidy(() => {
    const indices = Array.from({ length: POINTS }, (_, i) => i);
    const radii = tf.randomUniform([POINTS], 0.1, 1, "float32", 1);
    const angles = tf.add(tf.mul(radii, 1.5 * Math.PI), tf.mul(indices, (2 * Math.PI) / CLASSES));
    const points = tf.stack([tf.mul(radii, tf.cos(angles)), tf.mul(radii, tf.sin(angles))], 1);
    const xs = tf.add<tf.Tensor2D>(points, tf.randomNormal([POINTS, 2], 0, NOISE, "float32", 2));
    const classes = tf.tensor1d(
      indices.map((i) => i % CLASSES),
      "int32",
    );
    return { xs, ys: tf.oneHot(classes, CLASSES) as tf.Tensor2D };
  });
}

function build(): tfl.Sequential {
  const dense = (units: number, seed: number, activation?: "softmax") =>
    tfl.layers.dense({ units, kernelInitializer: tfl.initializers.glorotUniform({ seed }), activation });
  const hidden = (seed: number) => [dense(UNITS, seed), unsupervisedAdaptiveNormalization(), tfl.layers.reLU()];
  return tfl.sequential({
    layers: [tfl.layers.inputLayer({ inputShape: [2] }), ...hidden(1), ...hidden(2), dense(CLASSES, 3, "softmax")],
  });
}

await tf.setBackend("wasm");
const { xs, ys } = spirals();
const model = build();
model.compile({ optimizer: tf.train.adam(0.02), loss: "categoricalCrossentropy", metrics: ["accuracy"] });
const { history } = await model.fit(xs, ys, { epochs: EPOCHS, batchSize: BATCH_SIZE, shuffle: false, verbose: 0 });
console.log(`accuracy of the last epoch: ${history.acc?.at(-1)}`);
await model.save(
  tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
    const weights = Buffer.from(weightData as ArrayBuffer).toString("base64");
    const text = JSON.stringify({ modelTopology, weightSpecs, weights }, null, 2);
    const onOneLine = (shape: string) => shape.replace(/\[\s+/, "[").replace(/,\s+/g, ", ").replace(/\s+\]/, "]");
    writeFileSync(FILE, `${text.replace(/\[[^[\]{}]*\]/g, onOneLine)}\n`);
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
  }),
);
