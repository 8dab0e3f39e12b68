// Prints the times from the start to a first result, in milliseconds by event. Its argument is "without" or "with" tfjs-uan, or
// "compile" and a binary's URL: compiling is measured in a process of its own, because V8 caches compiled code.
import { readFileSync } from "node:fs";

const [mode, binary] = process.argv.slice(2);
const times = {};

async function timed(event, work) {
  const start = performance.now();
  const result = await work();
  times[event] = performance.now() - start;
  return result;
}

async function firstResult() {
  const { tf, uan } = await timed("import", async () => {
    const tf = await import("@tensorflow/tfjs-core");
    await import("@tensorflow/tfjs-backend-wasm");
    return { tf, uan: mode === "with" ? await import("tfjs-uan") : undefined };
  });
  await timed("set the backend up", () => tf.setBackend("wasm"));
  const x = tf.ones([128, 256]);
  const shape = uan ? [3, 256] : [256];
  const [mean, variance, prior] = [tf.zeros(shape), tf.ones(shape), tf.fill([3], 1 / 3)];
  await timed("first result", () =>
    (uan ? uan.unsupervisedAdaptiveNormalization(x, mean, variance, prior) : tf.batchNorm(x, mean, variance)).dataSync(),
  );
}

if (mode === "compile") {
  const bytes = readFileSync(new URL(binary));
  await timed("compile the binary", () => new WebAssembly.Module(bytes));
} else {
  await firstResult();
}
console.log(JSON.stringify(times));
