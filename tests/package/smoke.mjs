// What a new user's first program might do, in an ES module: ops, gradients, a layer trained, saved and loaded, on two backends.
// The library is imported before the backends (AFTER=1: after them).
if (!process.env.AFTER) await import("tfjs-uan/layers");
const tf = await import("@tensorflow/tfjs-core");
const tfl = await import("@tensorflow/tfjs-layers");
await import("@tensorflow/tfjs-backend-wasm");
await import("@tensorflow/tfjs-backend-cpu");
const { setKernelReplacement, unsupervisedAdaptiveNormalization: normalize } = await import("tfjs-uan");
const layers = await import("tfjs-uan/layers");
const { createEngine } = await import("tfjs-uan/standalone");
const { useWasmModules } = await import("tfjs-uan/workers");
const { useThreadedBackend } = await import("tfjs-uan/threads");
const { unsupervisedAdaptiveNormalization } = layers;
console.warn = () => {};

function assert(condition, message) {
  if (!condition) throw new Error(message);
}

assert(typeof useWasmModules === "function", "tfjs-uan/workers has no useWasmModules");

const values = {};
for (const backend of ["wasm", "cpu"]) {
  await tf.setBackend(backend);
  const x = tf.tensor2d([-2, -1, 0, 1, 2, 3], [3, 2]);
  const f = (x) =>
    normalize(
      x,
      [
        [-1, 0],
        [1, 2],
      ],
      [
        [1, 1],
        [0.5, 2],
      ],
      [0.4, 0.6],
    );
  values[backend] = [...f(x).dataSync(), ...tf.grad(f)(x).dataSync()];
}
assert(values.wasm.every(Number.isFinite), `not finite: ${values.wasm}`);
assert(
  values.wasm.every((v, i) => v === values.cpu[i]),
  `wasm has ${values.wasm}, cpu ${values.cpu}`,
);

const of = (...numbers) => Float32Array.from(numbers);
const mixture = { mean: of(-1, 0, 1, 2), variance: of(1, 1, 0.5, 2), prior: of(0.4, 0.6) };
const standalone = createEngine().normalize(of(-2, -1, 0, 1, 2, 3), mixture);
assert(
  standalone.every((v, i) => Math.abs(v - values.wasm[i]) < 1e-5),
  `standalone has ${standalone}, wasm ${values.wasm}`,
);

await tf.setBackend("wasm");
for (const name of ["AvgPoolGrad", "Conv2DBackpropInput", "FusedBatchNorm", "MaxPoolGrad"]) {
  const ours = tf.getKernel(name, "wasm");
  setKernelReplacement(false);
  const theirs = tf.getKernel(name, "wasm");
  setKernelReplacement(true);
  assert(ours && tf.getKernel(name, "wasm") === ours, `${name} is not the library's again`);
  // An old TensorFlow.js may have none of its own.
  assert(theirs !== ours || Number(tf.version_core.split(".")[1]) < 22, `${name} was not replaced`);
}

const model = tfl.sequential({
  layers: [
    tfl.layers.reshape({ targetShape: [2, 2, 1], inputShape: [4] }),
    tfl.layers.conv2d({ filters: 8, kernelSize: 2, padding: "same" }),
    tfl.layers.maxPooling2d({ poolSize: 2, strides: 1, padding: "same" }),
    tfl.layers.conv2d({ filters: 8, kernelSize: 2 }),
    tfl.layers.flatten(),
    unsupervisedAdaptiveNormalization({ numComponents: 3 }),
    tfl.layers.activation({ activation: "relu" }),
    tfl.layers.dense({ units: 1 }),
  ],
});
model.compile({ optimizer: tf.train.adam(0.01), loss: "meanSquaredError" });
const x = tf.randomNormal([128, 4], 0, 1, "float32", 1);
const y = tf.sum(x, 1, true);
const { history } = await model.fit(x, y, { epochs: 40, verbose: 0 });
assert(history.loss.at(-1) < history.loss[0] / 2, `loss ${history.loss}`);

let saved;
await model.save(
  tf.io.withSaveHandler((artifacts) => {
    saved = artifacts;
    return { modelArtifactsInfo: {} };
  }),
);
const loaded = await tfl.loadLayersModel(tf.io.fromMemory(saved));
const [before, after] = [model, loaded].map((m) => m.predict(x).dataSync());
assert(
  before.every((v, i) => Math.abs(v - after[i]) < 1e-5),
  "the loaded model predicts something else",
);

for (const backend of ["wasm", "cpu"]) {
  await tf.setBackend(backend);
  const family = tfl.sequential({
    layers: [
      tfl.layers.reshape({ targetShape: [2, 2], inputShape: [4] }),
      tfl.layers.dense({ units: 8 }),
      layers.groupNormalization({ groups: 2 }),
      layers.instanceNormalization(),
      layers.batchNormalization(),
      layers.mixtureNormalization({ seed: 1 }),
      tfl.layers.batchNormalization(),
      tfl.layers.layerNormalization(),
      tfl.layers.flatten(),
      layers.layerNormalization(),
      tfl.layers.dense({ units: 1 }),
    ],
  });
  const swapped = layers.useFusedNormalization(family);
  assert(swapped === 2, `${swapped} layers were swapped`);
  family.compile({ optimizer: tf.train.adam(0.01), loss: "meanSquaredError" });
  const { history } = await family.fit(tf.slice(x, 0, 32), tf.slice(y, 0, 32), { epochs: 5, verbose: 0 });
  // Normalized over and over, there is little left to learn from: that they train is that their weights move.
  assert(history.loss.every(Number.isFinite), `on '${backend}' loss ${history.loss}`);
  const normalizations = family.layers.filter(({ name }) => name.includes("ormalization"));
  assert(normalizations.length === 7, `found ${normalizations.map(({ name }) => name)}`);
  for (const layer of normalizations) {
    const [gamma] = layer.getWeights();
    assert(
      gamma.dataSync().some((value) => Number.isFinite(value) && value !== 1),
      `on '${backend}' ${layer.name} was not trained`,
    );
  }
}

const onOne = normalize(x, [[0, 1, 2, 3]], [[1, 2, 3, 4]], [1]).dataSync();
tf.disposeVariables();
tf.removeBackend("wasm");
const { threads } = await useThreadedBackend({ threads: 2 });
assert(threads === 2 && tf.getBackend() === "wasm", `${threads} threads, backend ${tf.getBackend()}`);
const onThreads = normalize(tf.randomNormal([128, 4], 0, 1, "float32", 1), [[0, 1, 2, 3]], [[1, 2, 3, 4]], [1]).dataSync();
assert(
  onThreads.every((v, i) => v === onOne[i]),
  "with threads the numbers are others",
);
console.log(`ok ${tf.version_core ?? tf.version.tfjs}`);
