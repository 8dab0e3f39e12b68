import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import {
  batchNormalization,
  groupNormalization,
  instanceNormalization,
  layerNormalization,
  mixtureNormalization,
  unsupervisedAdaptiveNormalization,
  useFusedNormalization,
} from "tfjs-uan/layers";
import { check } from "../../contracts/case.js";
import { expectClose, expectCloseToLargest } from "../../helpers/closeness.js";
import { data, networkWith, reloaded } from "../../helpers/models.js";
import type { Case, Context } from "./case.js";

type Layer = tfl.layers.Layer;

/** Factories of layers, by their arguments. */
const LAYERS: Record<string, () => Layer> = {
  unsupervisedAdaptiveNormalization: () => unsupervisedAdaptiveNormalization(),
  "unsupervisedAdaptiveNormalization, random, gamma and beta": () =>
    unsupervisedAdaptiveNormalization({ initializer: "random", seed: 1, numComponents: 2, center: true, scale: true }),
  "unsupervisedAdaptiveNormalization, standardize": () => unsupervisedAdaptiveNormalization({ standardize: true }),
  "unsupervisedAdaptiveNormalization, standardize, no prior mass": () =>
    unsupervisedAdaptiveNormalization({ standardize: true, priorMass: 0 }),
  "unsupervisedAdaptiveNormalization, moments of the batch": () => unsupervisedAdaptiveNormalization({ moments: "batch" }),
  "unsupervisedAdaptiveNormalization, authors": () => unsupervisedAdaptiveNormalization({ formula: "authors", epsilon: 0.1 }),
  "unsupervisedAdaptiveNormalization, momentum": () => unsupervisedAdaptiveNormalization({ update: "momentum" }),
  "unsupervisedAdaptiveNormalization, both, ucb": () => unsupervisedAdaptiveNormalization({ update: "both", formula: "ucb" }),
  batchNormalization: () => batchNormalization(),
  "batchNormalization, prior mass": () => batchNormalization({ priorMass: 2 }),
  groupNormalization: () => groupNormalization({ groups: 3 }),
  instanceNormalization: () => instanceNormalization(),
  layerNormalization: () => layerNormalization(),
  mixtureNormalization: () => mixtureNormalization({ numComponents: 2, seed: 1 }),
};

const valuesOf = (tensors: tf.Tensor[]) => Promise.all(tensors.map((tensor) => tensor.data<"float32">()));

async function predict(model: tfl.LayersModel, x: tf.Tensor): Promise<Float32Array> {
  const y = model.predict(x) as tf.Tensor;
  const values = await y.data<"float32">();
  y.dispose();
  return values.slice();
}

interface Trained {
  losses: number[];
  /** The values of the layer's own weights. */
  changes: Float32Array[];
  predictions: Float32Array;
  /** Predictions of the model after it was saved and loaded. */
  reloaded: Float32Array;
}

/** Trains a network with the layer, from the same weights everywhere. */
async function train(makeNetwork: () => [tfl.LayersModel, Layer]): Promise<Trained> {
  const [model, layer] = makeNetwork();
  const [channels] = model.inputs[0]?.shape.slice(-1) as [number];
  const x = data([16, 3, 3, channels], 2, 1);
  const y = data([16, 1], 1, 0, 5);
  const before = (await valuesOf(layer.getWeights())).map((values) => values.slice());
  model.compile({ optimizer: tf.train.sgd(0.02), loss: "meanSquaredError" });
  const { history } = await model.fit(x, y, { epochs: 3, batchSize: 8, shuffle: false, verbose: 0 });
  const after = await valuesOf(layer.getWeights());
  const predictions = await predict(model, x);
  const again = await reloaded(model);
  const trained = {
    losses: (history.loss as number[]).map(Number),
    changes: after.map((values, i) => values.map((value, j) => value - (before[i]?.[j] as number))),
    predictions,
    reloaded: await predict(again, x),
  };
  model.dispose();
  again.dispose();
  return trained;
}

/**
 * Trains on the backend and on TensorFlow.js's 'cpu'. Losses, weights and predictions must agree, the loss must fall, and saving and
 * loading must not change predictions.
 */
async function checkTraining(makeNetwork: () => [tfl.LayersModel, Layer], { backend, tolerance }: Context): Promise<void> {
  const { losses, changes, predictions, reloaded } = await train(makeNetwork);
  const [first, last] = [losses[0], losses.at(-1)] as [number, number];
  check(last < first, `the loss must fall, got ${losses}`);
  check(
    changes.flatMap((values) => [...values]).some((change) => Math.abs(change) > 1e-5),
    "no weight of the layer moved",
  );
  expectClose(reloaded, predictions, 1e-6);
  await tf.setBackend("cpu");
  const expected = await train(makeNetwork).finally(() => tf.setBackend(backend));
  // Errors of several steps add up.
  const several = 10 * tolerance.gradient;
  expectClose(losses, expected.losses, several);
  expectClose(predictions, expected.predictions, several);
  changes.forEach((change, i) => {
    expectCloseToLargest(change, expected.changes[i] as Float32Array, several, `weight ${i}`);
  });
}

/** TensorFlow.js's own normalizations, changed to the library's. */
function fused(): [tfl.LayersModel, Layer] {
  const { dense, batchNormalization, layerNormalization } = tfl.layers;
  const kernelInitializer = tfl.initializers.glorotUniform({ seed: 3 });
  const layer = batchNormalization();
  const model = tfl.sequential({
    layers: [
      dense({ units: 6, inputShape: [3, 3, 3], kernelInitializer }),
      layer,
      layerNormalization(),
      tfl.layers.flatten(),
      dense({ units: 1, kernelInitializer }),
    ],
  });
  const changed = useFusedNormalization(model);
  check(changed === 2, `useFusedNormalization changed ${changed} layers`);
  return [model, layer];
}

/** A network with convolutions, which 'wasm' cannot train without the library. */
function convolutional(): [tfl.LayersModel, Layer] {
  const { conv2d, maxPooling2d, flatten, dense, activation } = tfl.layers;
  const kernelInitializer = tfl.initializers.glorotUniform({ seed: 3 });
  const layer = conv2d({ filters: 6, kernelSize: 2, padding: "same", kernelInitializer });
  const layers = [
    dense({ units: 4, inputShape: [3, 3, 3], kernelInitializer }),
    layer,
    unsupervisedAdaptiveNormalization(),
    activation({ activation: "relu" }),
    maxPooling2d({ poolSize: 2, strides: 1 }),
    flatten(),
    dense({ units: 1, kernelInitializer }),
  ];
  return [tfl.sequential({ layers }), layer];
}

function networkOf(makeLayer: () => Layer): [tfl.LayersModel, Layer] {
  const layer = makeLayer();
  return [networkWith(layer, [3, 3, 3]), layer];
}

const trains = (what: string, makeNetwork: () => [tfl.LayersModel, Layer]): Case => ({
  name: `${what}: trained, saved and loaded`,
  run: (context) => checkTraining(makeNetwork, context),
});

export const LAYER_CASES: Case[] = [
  ...Object.entries(LAYERS).map(([name, makeLayer]) => trains(`layers, ${name}`, () => networkOf(makeLayer))),
  trains("useFusedNormalization", fused),
  trains("a convolutional network", convolutional),
];
