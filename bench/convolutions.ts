import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { setKernelReplacement } from "tfjs-uan";
import { summarize, type Timing, timeInTurns } from "./timing.js";

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

/** One convolution's forward pass, its two gradients, and the backend's own gradient for the input, in turns. */
export function timeConvolution({ input, filter, stride }: Convolution, seconds: number) {
  const x = tf.randomNormal(input, 0, 1, "float32", 1) as tf.Tensor4D;
  const w = tf.randomNormal(filter, 0, 1, "float32", 2) as tf.Tensor4D;
  const y = tf.conv2d(x, w, stride, "same");
  const run = (kernel: string, inputs: tf.NamedTensorMap, attrs: object) =>
    (
      tf.engine().runKernel(kernel, inputs, { strides: stride, pad: "same", dataFormat: "NHWC", ...attrs }) as tf.Tensor
    ).dispose();
  const backpropInput = () => run("Conv2DBackpropInput", { dy: y, filter: w }, { inputShape: input });
  const timings = timeInTurns(
    {
      forward: () => tf.conv2d(x, w, stride, "same").dispose(),
      filter: () => run("Conv2DBackpropFilter", { x, dy: y }, { filterShape: filter }),
      input: backpropInput,
      theirs: () => {
        setKernelReplacement(false);
        backpropInput();
        setKernelReplacement(true);
      },
    },
    seconds * 1000,
  );
  const operations = 2 * y.size * filter[0] * filter[1] * filter[2];
  tf.dispose([x, w, y]);
  return { timings, gigaflops: ({ median }: Timing) => operations / median / 1e6 };
}

/** Milliseconds of a training step of a CNN on 28×28 (conv 5×5 16, 32, pools 3×3 stride 2), batch 64, on 'wasm' and on 'cpu'. */
export async function timeNetwork(): Promise<{ wasm: number; cpu: number }> {
  const step = async (backend: string, samples: number) => {
    await tf.setBackend(backend);
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
    const [x, y] = [tf.randomNormal([64, 28, 28, 1]), tf.oneHot(tf.zeros([64], "int32"), 10)];
    const times: number[] = [];
    for (let i = 0; i <= samples; i++) {
      const start = performance.now();
      await model.trainOnBatch(x, y);
      // The first step sets up.
      if (i > 0) times.push(performance.now() - start);
    }
    model.dispose();
    tf.dispose([x, y]);
    return summarize(times).median;
  };
  // On 'cpu' a step takes many seconds: one has to do.
  const cpu = await step("cpu", 1);
  return { cpu, wasm: await step("wasm", 21) };
}
