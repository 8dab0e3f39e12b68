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
  type WasmModule,
  type WasmModules,
} from "tfjs-uan";
import {
  groupNormalization as groupLayer,
  unsupervisedAdaptiveNormalization as layer,
  UnsupervisedAdaptiveNormalization,
  useFusedNormalization,
} from "tfjs-uan/layers";
import { createEngine, type Engine, type EngineBuffer, type Floats, type Mixture } from "tfjs-uan/standalone";
import { type ThreadedBackend, useThreadedBackend } from "tfjs-uan/threads";

const x: tf.Tensor4D = tf.zeros([1, 2, 2, 3]);
const y: tf.Tensor4D = unsupervisedAdaptiveNormalization(x, [[0, 0, 0]], [[1, 1, 1]], [1], { axis: -1, gamma: [1, 1, 1] });
const { mass }: { mass: tf.Tensor2D } = mixtureMoments(y, [[0, 0, 0]], [[1, 1, 1]], [1]);
const tau: tf.Tensor = mixtureResponsibilities(y, [[0, 0, 0]], [[1, 1, 1]], [1]);
const z: tf.Tensor4D = groupNormalization(layerNormalization(batchNormalization(y), { axis: [2, 3] }), { groups: 3 });
const mixed: tf.Tensor4D = mixtureNormalization(z, { numComponents: 2, seed: 1 });
const compiled: WebAssembly.Module = new WebAssembly.Module(new Uint8Array());
const modules: WasmModules = { simd: compiled };
setWasmModules(modules);
const given: WebAssembly.Module | undefined = modules.simd satisfies WasmModule | undefined;
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

const engine: Engine = createEngine({ maximumBytes: 2 ** 26, module: compiled });
const buffer: EngineBuffer = engine.buffer(6);
const ones = new Float32Array(3).fill(1);
const mixture: Mixture = { mean: new Float32Array(3), variance: ones, prior: ones.subarray(0, 1) };
const array: Float32Array = engine.normalize(buffer, mixture, { inner: 2, formula: "ucb" });
const same: EngineBuffer = engine.normalize(array, mixture, {}, buffer);
const gradients: { x: EngineBuffer; mean: Float32Array } = engine.gradients(array, array, mixture, {}, { x: buffer });
const numbers: Floats = engine.moments(array, mixture).variance;
// @ts-expect-error: an array of numbers is no Float32Array
engine.responsibilities([1, 2, 3], mixture);

const threaded: Promise<ThreadedBackend> = useThreadedBackend({ threads: 2 });
const count: Promise<number> = threaded.then(({ threads }) => threads);
// @ts-expect-error: a number is no configuration
useThreadedBackend(2);

export { binary, built, count, given, gradients, mass, mixed, model, numbers, same, swapped, tau };
