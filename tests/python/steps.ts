import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { generator, normal } from "../../learning/random.js";
import { batchNormalization, mixtureNormalization, unsupervisedAdaptiveNormalization } from "../../src/layers.js";
import { saved } from "../helpers/models.js";

// What training does to each layer, step by step, for python/tests to do again.

type Layer = tfl.layers.Layer;

interface Case {
  name: string;
  layer: () => Layer;
  /** Without the batch's axis. Default [3, 4]. */
  shape?: number[];
  /** Which places of the first axis after the batch's are not masked, by batch, sample and place. */
  mask?: (batch: number, sample: number, place: number) => boolean;
  /** Whether the weights are made random before training; else they are as the layer starts. */
  random?: boolean;
}

const uan = unsupervisedAdaptiveNormalization;
const everyThird = (batch: number, sample: number, place: number) => (batch + sample + place) % 3 > 0;

const CASES: Case[] = [
  { name: "uan", layer: () => uan() },
  { name: "uan on another axis", layer: () => uan({ axis: 1, scale: true, center: true, epsilon: 0.01 }) },
  { name: "uan of matrices, by momentum", layer: () => uan({ momentum: 0.8, numComponents: 1 }), shape: [4] },
  { name: "uan without a prior mass", layer: () => uan({ priorMass: 0, outputScale: "components" }), shape: [2, 2, 4] },
  { name: "uan standardized, with a mask", layer: () => uan({ priorMass: 9, memory: 5 }), mask: everyThird },
  { name: "uan standardized, update momentum", layer: () => uan({ update: "momentum", gammaRegularizer: "l1l2", scale: true }) },
  { name: "uan standardized, ucb", layer: () => uan({ formula: "ucb", standardize: true }), random: true },
  { name: "uan from data", layer: () => uan({ standardize: false }), shape: [40, 3] },
  { name: "uan from data, with a mask", layer: () => uan({ standardize: false }), mask: everyThird },
  { name: "uan random", layer: () => uan({ standardize: false, initializer: "random", seed: 5, numComponents: 4 }) },
  { name: "uan, weights given", layer: () => uan({ standardize: false, scale: true, center: true }), random: true },
  { name: "uan, update momentum", layer: () => uan({ standardize: false, update: "momentum", momentum: 0.7 }) },
  { name: "uan, update both, a mask", layer: () => uan({ standardize: false, update: "both" }), mask: everyThird, random: true },
  { name: "uan, ucb", layer: () => uan({ formula: "ucb", scale: true }), random: true },
  { name: "uan, authors", layer: () => uan({ formula: "authors", outputScale: "components", epsilon: 0.5 }), random: true },
  { name: "uan, authors, of matrices", layer: () => uan({ formula: "authors" }), shape: [4], random: true },
  { name: "uan by the batch", layer: () => uan({ moments: "batch", scale: true, center: true }) },
  { name: "uan by the batch, weighted", layer: () => uan({ moments: "batch", componentWeights: "prior", momentum: 0.9 }) },
  {
    name: "uan by the batch, with a mask",
    layer: () => uan({ moments: "batch", priorMass: 5, memory: 20, outputScale: "components" }),
    mask: everyThird,
    random: true,
  },
  { name: "uan by the batch, no prior mass", layer: () => uan({ moments: "batch", priorMass: 0 }), random: true },
  { name: "batch normalization with prior", layer: () => batchNormalization({ priorMass: 3 }) },
  { name: "batch normalization, a memory", layer: () => batchNormalization({ memory: 10, center: false }), mask: everyThird },
  { name: "mixture normalization", layer: () => mixtureNormalization({ seed: 11 }) },
  {
    name: "mixture normalization, with a mask",
    layer: () => mixtureNormalization({ seed: 4, numComponents: 2, emSteps: 3, momentum: 0.6 }),
    mask: everyThird,
  },
  { name: "mixture normalization, axis 1", layer: () => mixtureNormalization({ seed: 1, axis: 1, emSteps: 0, scale: false }) },
];

const BATCHES = 3;
const SAMPLES = 5;
const RATE = 0.05;

/** Numbers of a tensor with its shape, as JSON. */
interface Numbers {
  shape: number[];
  values: number[];
}

const numbersOf = (tensor: tf.Tensor): Numbers => ({
  shape: tensor.shape,
  values: Array.from(tensor.dataSync(), (value) => Number(value.toPrecision(8))),
});

/** A batch of training: its loss is the sum of y·dy. */
interface Step {
  x: Numbers;
  dy: Numbers;
  mask?: Numbers;
  y: Numbers;
  dx: Numbers;
  /** All of them after the step, which takes `rate` times the gradient. */
  weights: Numbers[];
}

/** What a layer did. */
export interface Trained {
  name: string;
  className: string;
  /** As model.save writes it. */
  config: object;
  rate: number;
  start: Numbers[];
  steps: Step[];
  /** After the last step, of that step's x. */
  inference: Numbers;
}

/** Trains the layer of a case for a few steps, on the backend in use. */
async function trained({ name, layer: make, shape = [3, 4], mask, random = false }: Case): Promise<Trained> {
  const layer = make();
  const model = tfl.sequential({ layers: [tfl.layers.inputLayer({ inputShape: shape }), layer] });
  const next = generator(3);
  const draw = (of: number[], scale: number, mean = 0) =>
    // Rounded, they are short in the file.
    tf.tensor(
      normal(next, tf.util.sizeFromShape(of), scale, mean).map((value) => Number(value.toFixed(3))),
      of,
    );
  if (random) {
    const positive = (weight: tfl.LayerVariable) => /moving_variance|seen/.test(weight.originalName);
    layer.setWeights(
      layer.weights.map((w) => (positive(w) ? tf.abs(draw(w.shape as number[], 1)) : draw(w.shape as number[], 1))),
    );
  }
  const { modelTopology } = await saved(model);
  const { config, class_name: className } = (modelTopology as { config: { layers: { config: object; class_name: string }[] } })
    .config.layers[1] as { config: object; class_name: string };
  const weights = () => layer.getWeights().map(numbersOf);
  const start = weights();
  const steps: Step[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    const x = tf.variable(draw([SAMPLES, ...shape], 1.5, 1));
    const dy = draw(x.shape, 1);
    const kept =
      mask && Array.from({ length: SAMPLES }, (_, i) => Array.from({ length: shape[0] as number }, (_, j) => mask(batch, i, j)));
    const kwargs = { training: true, ...(kept && { mask: tf.tensor(kept, undefined, "bool") }) };
    const variables = layer.getWeights(true) as tf.Variable[];
    let y: tf.Tensor = x;
    const { grads } = tf.variableGrads(() => {
      y = tf.keep(layer.apply(x, kwargs) as tf.Tensor);
      return tf.sum(tf.mul(y, dy)) as tf.Scalar;
    }, [x, ...variables]);
    for (const variable of variables) {
      const gradient = grads[variable.name];
      if (gradient) variable.assign(tf.sub(variable, tf.mul(gradient, RATE)));
    }
    steps.push({
      x: numbersOf(x),
      dy: numbersOf(dy),
      ...(kwargs.mask && { mask: numbersOf(kwargs.mask) }),
      y: numbersOf(y),
      dx: numbersOf(grads[x.name] as tf.Tensor),
      weights: weights(),
    });
  }
  const x = tf.tensor(steps.at(-1)?.x.values ?? [], [SAMPLES, ...shape]);
  return { name, className, config, rate: RATE, start, steps, inference: numbersOf(layer.apply(x) as tf.Tensor) };
}

/** Every case, trained on the backend in use. */
export async function trainEveryLayer(): Promise<Trained[]> {
  const all: Trained[] = [];
  for (const one of CASES) all.push(await trained(one));
  return all;
}
