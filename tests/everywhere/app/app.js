// A user's program: trains a convolutional network with the library's layer, saves it, loads it, and predicts.

import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { unsupervisedAdaptiveNormalization } from "tfjs-uan/layers";

/** @param place where the model is saved */
export async function run(backend, place) {
  await tf.setBackend(backend);
  const kernelInitializer = tfl.initializers.glorotUniform({ seed: 1 });
  const model = tfl.sequential({
    layers: [
      tfl.layers.conv2d({ inputShape: [6, 6, 2], filters: 4, kernelSize: 3, kernelInitializer }),
      unsupervisedAdaptiveNormalization(),
      tfl.layers.activation({ activation: "relu" }),
      tfl.layers.flatten(),
      tfl.layers.dense({ units: 1, kernelInitializer }),
    ],
  });
  const x = tf.randomNormal([32, 6, 6, 2], 0, 1, "float32", 1);
  const y = tf.reshape(tf.mean(x, [1, 2, 3]), [32, 1]);
  model.compile({ optimizer: "adam", loss: "meanSquaredError" });
  const { history } = await model.fit(x, y, { epochs: 5, shuffle: false, verbose: 0 });
  await model.save(place);
  const loaded = await tfl.loadLayersModel(place);
  const [before, after] = [model, loaded].map((model) => Array.from(model.predict(x).dataSync()));
  return { backend: tf.getBackend(), losses: history.loss, before, after };
}

/** In a page, on 'wasm'. Puts the result on globalThis. */
export async function start(wasmPaths) {
  setWasmPaths(wasmPaths);
  globalThis.outcome = await run("wasm", "indexeddb://uan").catch((error) => ({ error: String(error.stack) }));
}
