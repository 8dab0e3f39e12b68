// The same library through require, and one copy of it however it is asked for.
const tf = require("@tensorflow/tfjs-core");
require("@tensorflow/tfjs-backend-wasm");
const { unsupervisedAdaptiveNormalization } = require("tfjs-uan");
const layers = require("tfjs-uan/layers");
const { createEngine } = require("tfjs-uan/standalone");
const { useThreadedBackend } = require("tfjs-uan/threads");
const { existsSync } = require("node:fs");

if (!existsSync(require.resolve("tfjs-uan/wasm/tfjs-uan-simd.wasm"))) throw new Error("the binaries are not exported");
const of = (...numbers) => Float32Array.from(numbers);
const [c, d] = createEngine().normalize(of(1, 2), { mean: of(1, 1), variance: of(4, 1), prior: of(1) }, { epsilon: 0 });
if (Math.abs(c) > 1e-6 || Math.abs(d - 1) > 1e-6) throw new Error(`standalone: got ${[c, d]}`);
tf.setBackend("wasm").then(async () => {
  const y = unsupervisedAdaptiveNormalization([[1, 2]], [[1, 1]], [[4, 1]], [1], { epsilon: 0 });
  const [a, b] = y.dataSync();
  if (Math.abs(a) > 1e-6 || Math.abs(b - 1) > 1e-6) throw new Error(`got ${[a, b]}`);
  if (!(layers.unsupervisedAdaptiveNormalization() instanceof layers.UnsupervisedAdaptiveNormalization))
    throw new Error("no layer");
  tf.removeBackend("wasm");
  const { threads } = await useThreadedBackend({ threads: 2 });
  const sum = tf.sum(tf.ones([1000, 1000])).dataSync()[0];
  if (threads !== 2 || sum !== 1e6) throw new Error(`got ${sum} on ${threads} threads`);
  console.log("ok");
});
