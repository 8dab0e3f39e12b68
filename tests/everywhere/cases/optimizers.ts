import * as tf from "@tensorflow/tfjs-core";
import { fusedAdam, fusedSgd } from "tfjs-uan";
import { generator, normal } from "../../../learning/random.js";
import { type AdamNumber, adamStep, type SgdNumber, sgdStep } from "../../../src/reference/optimizers.js";
import { expectClose } from "../../helpers/closeness.js";
import type { Case, Context } from "./case.js";

const STEPS = 5;
const SHAPE = [7, 9];

const gradientOf = (step: number) => normal(generator(step), 63);

/** Trains a weight, and compares it with the numbers that `path` makes of each of its own. */
async function checkSteps(
  optimizer: tf.Optimizer,
  path: (w: number, gradients: number[]) => number,
  { tolerance }: Context,
): Promise<void> {
  const start = normal(generator(100), 63);
  const weight = tf.tidy(() => tf.variable(tf.tensor(start, SHAPE)));
  const steps = Array.from({ length: STEPS }, (_, i) => gradientOf(i + 1));
  for (const gradient of steps) {
    const tensor = tf.tensor(gradient, SHAPE);
    optimizer.applyGradients([{ name: weight.name, tensor }]);
    tensor.dispose();
  }
  const expected = Array.from(start, (w, i) =>
    path(
      w,
      steps.map((gradient) => gradient[i] as number),
    ),
  );
  expectClose(await weight.data<"float32">(), expected, tolerance.value);
  optimizer.dispose();
  weight.dispose();
}

const ADAM = { learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay: 0.1 };
const SGD = { learningRate: 0.1, weightDecay: 0.1 };
const NESTEROV = { ...SGD, momentum: 0.9, nesterov: true };

const sgd = (config: typeof SGD): Case["run"] => {
  const { learningRate, ...options } = config;
  const path = (w: number, gradients: number[]) =>
    gradients.reduce<SgdNumber>((number, g) => sgdStep(number, g, config), { w, a: 0 }).w;
  return (context) => checkSteps(fusedSgd(learningRate, options), path, context);
};

/** Optimizers, with weight decay. */
export const OPTIMIZERS: Case[] = [
  {
    name: "fusedAdam: five steps",
    run(context) {
      const { learningRate, beta1, beta2, epsilon, weightDecay } = ADAM;
      const path = (w: number, gradients: number[]) =>
        gradients.reduce<AdamNumber>((number, g, i) => adamStep(number, g, i + 1, ADAM), { w, m: 0, v: 0 }).w;
      return checkSteps(fusedAdam(learningRate, beta1, beta2, epsilon, { weightDecay }), path, context);
    },
  },
  { name: "fusedSgd: five steps", run: sgd(SGD) },
  { name: "fusedSgd, Nesterov's momentum: five steps", run: sgd(NESTEROV) },
];
