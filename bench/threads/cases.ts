import * as tf from "@tensorflow/tfjs-core";
import { batch } from "../contenders/layers.js";
import { uan } from "../contenders/uan.js";
import { makeProblem } from "../problem.js";
import type { Context } from "../section.js";
import { CASES, caseName, type StepCase } from "../step/cases.js";
import { makeBatch, makeModel, type Normalize, optimizerOf } from "../step/networks.js";
import { NORMALIZE } from "../step/normalizations.js";

// What is measured on one thread and on several.

type Call = () => void | Promise<void>;

/** A case's calls, and what they need. */
export interface Made {
  calls: Record<string, Call>;
  dispose(): void;
}

interface Case {
  /** Numbers in its largest tensor. */
  size: number;
  make(context: Context): Made | Promise<Made>;
}

type Shape4D = [number, number, number, number];
const CONVOLUTION: Record<"x" | "filter", Shape4D> = { x: [32, 28, 28, 32], filter: [3, 3, 32, 64] };
const MATRIX: [number, number] = [1024, 1024];
const ACTIVATIONS = [32, 32, 32, 64];

function convolution(): Made {
  const x = tf.randomNormal<tf.Rank.R4>(CONVOLUTION.x);
  const filter = tf.randomNormal<tf.Rank.R4>(CONVOLUTION.filter);
  const dy = tf.conv2d(x, filter, 1, "same");
  const run = (kernel: string, inputs: tf.NamedTensorMap, attrs: object) =>
    tf.dispose(tf.engine().runKernel(kernel, inputs, { strides: 1, pad: "same", dataFormat: "NHWC", ...attrs }));
  const name = `convolution [${x.shape.join(", ")}] → ${filter.shape[3]}, 3×3`;
  return {
    calls: {
      [name]: () => tf.conv2d(x, filter, 1, "same").dispose(),
      [`${name}, gradient of input`]: () => run("Conv2DBackpropInput", { dy, filter }, { inputShape: x.shape }),
      [`${name}, gradient of filter`]: () => run("Conv2DBackpropFilter", { x, dy }, { filterShape: filter.shape }),
    },
    dispose: () => tf.dispose([x, filter, dy]),
  };
}

function matrices(): Made {
  const a = tf.randomNormal<tf.Rank.R2>(MATRIX);
  return { calls: { "matMul 1024³": () => tf.matMul(a, a).dispose() }, dispose: () => a.dispose() };
}

async function normalizations(context: Context): Promise<Made> {
  const problem = makeProblem(ACTIVATIONS, 3);
  const calls: Record<string, Call> = {};
  for (const [name, contender] of Object.entries({ "UAN, K = 3": uan, "batch normalization": batch })) {
    const { forward, training } = await contender.calls(problem, context);
    calls[`${name}, forward`] = forward as Call;
    calls[`${name}, forward and backward`] = training as Call;
  }
  calls.exp = () => tf.exp(problem.x).dispose();
  const named = Object.entries(calls).map(([name, call]) => [`${name} [${ACTIVATIONS.join(", ")}]`, call]);
  return { calls: Object.fromEntries(named), dispose: problem.dispose };
}

const sizeOf = tf.util.sizeFromShape;

export const OPERATIONS: Case[] = [
  // Its output is twice as large.
  { size: 2 * sizeOf(CONVOLUTION.x), make: convolution },
  { size: sizeOf(MATRIX), make: matrices },
  { size: sizeOf(ACTIVATIONS), make: normalizations },
];

/** The training steps whose time is predicted, too. */
export const STEPS = CASES.filter(
  ({ network, batch, hasFusedAdam }) => !hasFusedAdam && network !== "volumes" && !(network === "cnn" && batch > 32),
);

export function makeStep(of: StepCase): Made {
  const model = makeModel(of.network, NORMALIZE.ours[of.normalization] as Normalize, optimizerOf("ours", of));
  const { x, y } = makeBatch(of.network, of.batch);
  return {
    calls: { [caseName(of)]: async () => void (await model.trainOnBatch(x, y)) },
    dispose() {
      model.dispose();
      tf.dispose([x, y]);
    },
  };
}
