import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { shapeText } from "./comparison.js";
import { BACKENDS, GRADIENTS } from "./names.js";
import type { Row } from "./results.js";
import { replaced, timeInRounds } from "./rounds.js";
import { timedRows } from "./rows.js";
import type { Context } from "./section.js";

export interface Convolution {
  input: [number, number, number, number];
  filter: [number, number, number, number];
  stride: number;
}

export const CONVOLUTIONS: Convolution[] = [
  { input: [32, 28, 28, 16], filter: [3, 3, 16, 32], stride: 1 },
  { input: [32, 14, 14, 64], filter: [3, 3, 64, 64], stride: 1 },
  { input: [32, 16, 16, 64], filter: [5, 5, 64, 128], stride: 1 },
  { input: [32, 14, 14, 64], filter: [1, 1, 64, 128], stride: 1 },
  { input: [32, 28, 28, 32], filter: [3, 3, 32, 64], stride: 2 },
  { input: [64, 28, 28, 1], filter: [5, 5, 1, 16], stride: 1 },
];

/** Rows for a convolution's forward pass, its two gradients, and the backend's own gradient of the input. */
export async function timeConvolution({ input, filter, stride }: Convolution, context: Context): Promise<Row[]> {
  const name = `${shapeText(input)}, ${filter.join("×")}, stride ${stride}`;
  context.progress(name);
  const x = tf.randomNormal(input, 0, 1, "float32", 1) as tf.Tensor4D;
  const w = tf.randomNormal(filter, 0, 1, "float32", 2) as tf.Tensor4D;
  const y = tf.conv2d(x, w, stride, "same");
  const run = (kernel: string, inputs: tf.NamedTensorMap, attrs: object) =>
    tf.dispose(tf.engine().runKernel(kernel, inputs, { strides: stride, pad: "same", dataFormat: "NHWC", ...attrs }));
  const backpropInput = () => run("Conv2DBackpropInput", { dy: y, filter: w }, { inputShape: input });
  const calls = {
    [GRADIENTS.forward]: () => tf.conv2d(x, w, stride, "same").dispose(),
    [GRADIENTS.filter]: () => run("Conv2DBackpropFilter", { x, dy: y }, { filterShape: filter }),
    [GRADIENTS.input]: replaced(backpropInput),
    [GRADIENTS.theirs]: backpropInput,
    "tf.conv2d, replaced": replaced(() => tf.conv2d(x, w, stride, "same").dispose()),
  };
  const rows = timedRows({ case: name }, await timeInRounds(calls, context.seconds, context.rounds), GRADIENTS.forward);
  const operations = 2 * y.size * filter[0] * filter[1] * filter[2];
  tf.dispose([x, w, y]);
  return rows.map((row) => {
    const rate = operations / (row.timing.median * 1e6);
    return { ...row, quantity: { value: rate, unit: "GFLOP/s" as const } };
  });
}

function makeNetwork(): tfl.Sequential {
  const same = { kernelSize: 5, padding: "same", activation: "relu" } as const;
  const pool = { poolSize: 3, strides: 2, padding: "same" } as const;
  const model = tfl.sequential({
    layers: [
      tfl.layers.conv2d({ filters: 16, inputShape: [28, 28, 1], ...same }),
      tfl.layers.maxPooling2d(pool),
      tfl.layers.conv2d({ filters: 32, ...same }),
      tfl.layers.maxPooling2d(pool),
      tfl.layers.flatten(),
      tfl.layers.dense({ units: 10, activation: "softmax" }),
    ],
  });
  model.compile({ optimizer: "adam", loss: "categoricalCrossentropy" });
  return model;
}

/** Rows for a training step of a CNN on 28×28, batch 64, on 'wasm' and on 'cpu'. */
export async function timeNetwork({ seconds, rounds, progress }: Context): Promise<Row[]> {
  const time = async (backend: string, measure: (step: () => Promise<void>) => Promise<number[]>) => {
    progress(`a training step on '${backend}'`);
    await tf.setBackend(backend);
    const model = makeNetwork();
    const [x, y] = [tf.randomNormal([64, 28, 28, 1]), tf.tidy(() => tf.oneHot(tf.zeros([64], "int32"), 10))];
    const samples = await measure(async () => void (await model.trainOnBatch(x, y)));
    model.dispose();
    tf.dispose([x, y]);
    return samples;
  };
  // A step on 'cpu' takes so long that it is measured once, and not in rounds.
  const cpu = await time(BACKENDS.cpu, async (step) => {
    const start = performance.now();
    await step();
    return [performance.now() - start];
  });
  const wasm = await time(
    BACKENDS.wasm,
    async (step) => (await timeInRounds({ step: replaced(step) }, seconds, rounds)).step as number[],
  );
  return timedRows({ case: "28×28, batch 64" }, { [BACKENDS.wasm]: wasm, [BACKENDS.cpu]: cpu }, BACKENDS.wasm);
}
