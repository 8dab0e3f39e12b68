// What a user's compiler sees of the declarations.
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import {
  batchNormalization,
  chosenWasmModule,
  groupNormalization,
  layerNormalization,
  mixtureMoments,
  mixtureNormalization,
  mixtureResponsibilities,
  setWasmModules,
  unsupervisedAdaptiveNormalization,
  type WasmModules,
} from "tfjs-uan";
import {
  groupNormalization as groupLayer,
  unsupervisedAdaptiveNormalization as layer,
  UnsupervisedAdaptiveNormalization,
  useFusedNormalization,
} from "tfjs-uan/layers";

const x: tf.Tensor4D = tf.zeros([1, 2, 2, 3]);
const y: tf.Tensor4D = unsupervisedAdaptiveNormalization(x, [[0, 0, 0]], [[1, 1, 1]], [1], { axis: -1, gamma: [1, 1, 1] });
const { mass }: { mass: tf.Tensor2D } = mixtureMoments(y, [[0, 0, 0]], [[1, 1, 1]], [1]);
const tau: tf.Tensor = mixtureResponsibilities(y, [[0, 0, 0]], [[1, 1, 1]], [1]);
const z: tf.Tensor4D = groupNormalization(layerNormalization(batchNormalization(y), { axis: [2, 3] }), { groups: 3 });
const mixed: tf.Tensor4D = mixtureNormalization(z, { numComponents: 2, seed: 1 });
const modules: WasmModules = {};
setWasmModules(modules);
const binary: keyof WasmModules = chosenWasmModule();
const model: tfl.Sequential = tfl.sequential({
  layers: [
    tfl.layers.dense({ units: 2, inputShape: [2] }),
    groupLayer({ groups: -1 }),
    layer({ numComponents: 2, update: "both", gammaInitializer: "ones" }),
  ],
});
const swapped: number = useFusedNormalization(model, { layerNormalization: false });
const built: UnsupervisedAdaptiveNormalization = new UnsupervisedAdaptiveNormalization({ standardize: true });
// @ts-expect-error: there is no such update
layer({ update: "em" });

export { binary, built, mass, mixed, model, swapped, tau };
