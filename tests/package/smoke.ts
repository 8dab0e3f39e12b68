// What a user's compiler sees of the declarations.
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import {
  chosenWasmModule,
  mixtureMoments,
  mixtureResponsibilities,
  setWasmModules,
  unsupervisedAdaptiveNormalization,
  type WasmModules,
} from "tfjs-uan";
import { unsupervisedAdaptiveNormalization as layer, UnsupervisedAdaptiveNormalization } from "tfjs-uan/layers";

const x: tf.Tensor4D = tf.zeros([1, 2, 2, 3]);
const y: tf.Tensor4D = unsupervisedAdaptiveNormalization(x, [[0, 0, 0]], [[1, 1, 1]], [1], { axis: -1, gamma: [1, 1, 1] });
const { mass }: { mass: tf.Tensor2D } = mixtureMoments(y, [[0, 0, 0]], [[1, 1, 1]], [1]);
const tau: tf.Tensor = mixtureResponsibilities(y, [[0, 0, 0]], [[1, 1, 1]], [1]);
const modules: WasmModules = {};
setWasmModules(modules);
const binary: keyof WasmModules = chosenWasmModule();
const model: tfl.Sequential = tfl.sequential({
  layers: [
    tfl.layers.dense({ units: 2, inputShape: [2] }),
    layer({ numComponents: 2, update: "both", gammaInitializer: "ones" }),
  ],
});
const built: UnsupervisedAdaptiveNormalization = new UnsupervisedAdaptiveNormalization({ standardize: true });
// @ts-expect-error: there is no such update
layer({ update: "em" });

export { binary, built, mass, model, tau };
