import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { useFastestBackend } from "tfjs-uan";
import { useFusedNormalization } from "tfjs-uan/layers";
import { createEngine } from "tfjs-uan/standalone";
import { RESULT } from "./result.js";

// In Node.js: what useFastestBackend chooses out of 'wasm' and 'cpu'; what a model with TensorFlow.js's
// normalizations says before and after useFusedNormalization; the library's warnings; and what createEngine says.

const warnings: string[] = [];
console.warn = (text) => {
  if (String(text).startsWith("tfjs-uan")) warnings.push(text);
};

const chosen = await useFastestBackend({ order: ["wasm", "cpu"] });
const model = tfl.sequential({
  layers: [
    tfl.layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [6, 6, 2] }),
    tfl.layers.batchNormalization(),
    tfl.layers.layerNormalization(),
    tfl.layers.flatten(),
    tfl.layers.dense({ units: 2 }),
  ],
});
const x = tf.randomNormal([5, 6, 6, 2], 0, 1, "float32", 1);
const predict = async () => Array.from(await (model.predict(x) as tf.Tensor).data());
const before = await predict();
useFusedNormalization(model);
const after = await predict();
let engine = "an engine";
try {
  createEngine();
} catch (error) {
  engine = String(error);
}
console.log(RESULT + JSON.stringify({ chosen, before, after, warnings, engine }));
