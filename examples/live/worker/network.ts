import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { fusedAdam } from "tfjs-uan";
import { UnsupervisedAdaptiveNormalization, unsupervisedAdaptiveNormalization, useFusedNormalization } from "tfjs-uan/layers";
import { CLASSES, SIDE } from "../../../learning/data/digits.js";
import { networkParts } from "../../../learning/networks.js";
import { effectiveMixture, type Mixture } from "../mixture.js";
import type { Kind, LayerInfo, Settings } from "../protocol.js";

const FILTERS = [8, 16];
const LEARNING_RATE = 0.002;
/** TensorFlow.js's default of 0.99 would take more steps than a visitor waits to forget the start. */
const BATCH_NORM_MOMENTUM = 0.9;

function normalizations(kind: Kind, components: number): tfl.layers.Layer[] {
  if (kind === "none") return [];
  if (kind === "batch") return [tfl.layers.batchNormalization({ momentum: BATCH_NORM_MOMENTUM })];
  return [unsupervisedAdaptiveNormalization({ numComponents: components })];
}

/** A network that trains: two convolutions, each normalized, and a dense layer. Kinds differ in the normalization alone. */
export class Network {
  private readonly optimizer = fusedAdam(LEARNING_RATE);

  constructor(readonly model: tfl.LayersModel) {
    model.compile({ optimizer: this.optimizer, loss: "categoricalCrossentropy" });
  }

  static build(kind: Kind, { components, seed }: Pick<Settings, "components" | "seed">): Network {
    const { weights } = networkParts(1, seed);
    const stages = FILTERS.flatMap((filters, i) => [
      tfl.layers.conv2d({
        filters,
        kernelSize: i === 0 ? 5 : 3,
        padding: "same",
        kernelInitializer: weights(),
        ...(i === 0 && { inputShape: [SIDE, SIDE, 1] }),
      }),
      ...normalizations(kind, components),
      tfl.layers.reLU(),
      tfl.layers.maxPooling2d({ poolSize: 2 }),
    ]);
    const output = tfl.layers.dense({ units: CLASSES, activation: "softmax", kernelInitializer: weights() });
    const model = tfl.sequential({ layers: [...stages, tfl.layers.flatten(), output] });
    useFusedNormalization(model);
    return new Network(model);
  }

  /** @returns the batch's loss */
  async train(x: tf.Tensor, y: tf.Tensor): Promise<number> {
    return (await this.model.trainOnBatch(x, y)) as number;
  }

  /** Rows of ten probabilities. */
  async predict(x: tf.Tensor): Promise<Float32Array> {
    const y = this.model.predictOnBatch(x) as tf.Tensor;
    try {
      return (await y.data()) as Float32Array;
    } finally {
      y.dispose();
    }
  }

  dispose(): void {
    this.model.dispose();
    this.optimizer.dispose();
  }
}

/** The normalizations of a network with UAN, and what they normalize. */
export class UanLayers {
  private readonly layers: { layer: UnsupervisedAdaptiveNormalization; before: tfl.LayersModel }[];

  constructor(model: tfl.LayersModel) {
    this.layers = model.layers
      .filter((layer) => layer instanceof UnsupervisedAdaptiveNormalization)
      .map((layer) => ({
        layer,
        before: tfl.model({ inputs: model.inputs, outputs: layer.input as tfl.SymbolicTensor }),
      }));
  }

  /** K, the same in all layers. */
  get components(): number {
    return this.at(0).layer.numComponents;
  }

  get infos(): LayerInfo[] {
    return this.layers.map(({ before }, i) => {
      const [, height, width, channels] = before.outputs[0]?.shape as [null, number, number, number];
      return { name: `normalization ${i + 1}: ${channels} channels of ${height} × ${width}`, height, width, channels };
    });
  }

  /** A channel's activations on images: what the normalization gets. */
  activations(layer: number, channel: number, images: tf.Tensor): tf.Tensor1D {
    return tf.tidy(() => {
      const all = this.at(layer).before.predictOnBatch(images) as tf.Tensor4D;
      const [count, height, width] = all.shape;
      return tf.reshape(tf.slice(all, [0, 0, 0, channel], [count, height, width, 1]), [-1]);
    });
  }

  /** A channel's mixture of these activations, with which the layer infers. */
  async mixture(layer: number, channel: number): Promise<Mixture> {
    const { weights, epsilon } = this.at(layer).layer;
    const values: Record<string, ArrayLike<number>> = {};
    for (const weight of weights) values[weight.originalName.split("/").at(-1) as string] = await weight.read().data();
    const of = (name: string) => {
      const numbers = values[name];
      if (!numbers) throw new Error(`the layer must have a weight ${name}, got ${Object.keys(values).join(", ")}`);
      return numbers;
    };
    const prior = Array.from(of("prior"));
    const channels = of("moving_mean").length;
    const ofChannel = (name: string) => prior.map((_, k) => of(name)[k * channels + channel] as number);
    return effectiveMixture({
      mean: ofChannel("mean"),
      variance: ofChannel("variance"),
      prior,
      movingMean: of("moving_mean")[channel] as number,
      movingVariance: of("moving_variance")[channel] as number,
      epsilon,
    });
  }

  private at(layer: number) {
    const found = this.layers[layer];
    if (!found) throw new Error(`the layer must be 0 to ${this.layers.length - 1}, got ${layer}`);
    return found;
  }
}
