import { cpus } from "node:os";
import { parseArgs } from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import { makeContenders } from "./contenders.js";
import { CONVOLUTIONS, timeConvolution, timeNetwork } from "./convolutions.js";
import { heapOfCall } from "./heap.js";
import { type Timing, timeInTurns } from "./timing.js";

const HELP = `npm run bench [-- options]: UAN against batch normalization on the WASM backend, in one run.

  --seconds N   time for each shape and pass (default 8)
  --only NAME   'normalization' or 'convolution' (default: both)
  --help        this text
`;

const SHAPES = [
  [32, 32, 32, 64],
  [32, 16, 16, 128],
  [1, 56, 56, 64],
  [128, 256],
];
const K = 3;

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "8" }, only: { type: "string" }, help: { type: "boolean" } },
});
const seconds = Number(values.seconds);
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
if (!(seconds > 0)) {
  console.error(`--seconds must be a positive number, got '${values.seconds}'`);
  process.exit(2);
}
const SECTIONS = { normalization, convolution };
if (values.only !== undefined && !(values.only in SECTIONS)) {
  console.error(`--only must be one of ${Object.keys(SECTIONS).join(", ")}, got '${values.only}'`);
  process.exit(2);
}

await tf.setBackend("wasm");
console.log(`TensorFlow.js ${tf.version_core}, backend wasm, Node ${process.version}, ${cpus()[0]?.model}; medians`);
for (const [name, run] of Object.entries(SECTIONS)) {
  if (values.only === undefined || values.only === name) await run();
}

interface Row {
  shape: string;
  pass: string;
  "tf.batchNorm": string;
  "UAN composed": string;
  "UAN, tfjs-uan": string;
  "to batchNorm": string;
  "to composed": string;
}

/** UAN against batch normalization, in nanoseconds per activation. */
function normalization(): void {
  const rows: Row[] = [];
  for (const shape of SHAPES) {
    const contenders = makeContenders(shape, K);
    const difference = contenders.check();
    if (!(difference < 1e-4)) throw new Error(`[${shape}]: fused and composed UAN differ by ${difference}`);
    const size = tf.util.sizeFromShape(shape);
    for (const [pass, functions] of Object.entries({ forward: contenders.forward, training: contenders.training })) {
      // The composed form in turns of its own: what it leaves of the heap and the caches is nobody else's affair.
      const { batchNorm, composed, uan } = functions;
      const timings = timeInTurns({ batchNorm, uan }, seconds * 500);
      const beside = timeInTurns({ composed, uan }, seconds * 500);
      const nanoseconds = ({ median }: Timing) => ((median * 1e6) / size).toFixed(2);
      const ratio = (ours: Timing, theirs: Timing) => (ours.median / theirs.median).toFixed(3);
      rows.push({
        shape: `[${shape.join(", ")}]`,
        pass: pass === "forward" ? "forward" : "forward and backward",
        "tf.batchNorm": nanoseconds(timings.batchNorm),
        "UAN composed": nanoseconds(beside.composed),
        "UAN, tfjs-uan": nanoseconds(timings.uan),
        "to batchNorm": ratio(timings.uan, timings.batchNorm),
        "to composed": ratio(beside.uan, beside.composed),
      });
    }
    const { peak, output } = heapOfCall(contenders.forward.uan, size);
    console.log(`[${shape.join(", ")}]: a forward call takes ${output} bytes of output and ${peak - output} bytes more`);
    contenders.dispose();
  }
  console.log(`normalization, K = ${K}, ns per activation`);
  console.table(rows);
}

/** The gradients of convolutions against their forward pass, in GFLOP/s, and a network's step against that of 'cpu'. */
async function convolution(): Promise<void> {
  const rows = CONVOLUTIONS.map((convolution) => {
    const { timings, gigaflops } = timeConvolution(convolution, seconds);
    const rate = (timing: Timing) => gigaflops(timing).toFixed(1);
    const ratio = (a: Timing, b: Timing) => (b.median / a.median).toFixed(2);
    return {
      input: `[${convolution.input.join(", ")}]`,
      filter: convolution.filter.join("×"),
      stride: convolution.stride,
      "tf.conv2d": rate(timings.forward),
      "gradient of filter": rate(timings.filter),
      "of input": rate(timings.input),
      "of input, backend's": rate(timings.theirs),
      "filter to conv2d": ratio(timings.filter, timings.forward),
      "input to conv2d": ratio(timings.input, timings.forward),
      "input to backend's": ratio(timings.input, timings.theirs),
    };
  });
  console.log("gradients of convolutions, padding 'same', GFLOP/s");
  console.table(rows);
  const { wasm, cpu } = await timeNetwork();
  const ratio = (cpu / wasm).toFixed(0);
  console.log(`a step of a CNN on 28×28, batch 64: 'wasm' ${wasm.toFixed(1)} ms, 'cpu' ${cpu.toFixed(0)} ms, ${ratio} times`);
}
