import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { fusedAdam } from "tfjs-uan";
import { generator, layerSeed, normal } from "../../learning/random.js";
import type { ContenderKey, NetworkKey, StepCase } from "./cases.js";

// The networks whose training steps are measured. First weights and examples are the same on every backend.

/** Makes the layers that normalize the outputs of another. */
export type Normalize = () => tfl.layers.Layer[];

interface Network {
  /** An example's shape. */
  input: number[];
  /** From an example to its features, on which a dense layer with softmax follows. */
  features(input: tfl.SymbolicTensor, initializer: Initializers, normalize: Normalize): tfl.SymbolicTensor;
}

/** Makes the initializer of the next weights. */
type Initializers = () => ReturnType<typeof tfl.initializers.glorotUniform>;

const CLASSES = 10;

function initializers(): Initializers {
  let layer = 0;
  return () => tfl.initializers.glorotUniform({ seed: layerSeed(0, layer++) });
}

/** Applies layers in a chain. */
const chain = (input: tfl.SymbolicTensor, layers: tfl.layers.Layer[]) =>
  layers.reduce((x, layer) => layer.apply(x) as tfl.SymbolicTensor, input);

/** Attention of several heads, of queries, keys and values [batch, positions, channels]. */
class Attention extends tfl.layers.Layer {
  constructor(private readonly heads: number) {
    super({});
  }

  override computeOutputShape(shapes: tfl.Shape[]): tfl.Shape {
    return shapes[0] as tfl.Shape;
  }

  override call(inputs: tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const [batch, positions, channels] = (inputs[0] as tf.Tensor).shape as [number, number, number];
      const size = channels / this.heads;
      const split = (x: tf.Tensor) => tf.transpose(tf.reshape(x, [batch, positions, this.heads, size]), [0, 2, 1, 3]);
      const [queries, keys, values] = inputs.map(split) as [tf.Tensor, tf.Tensor, tf.Tensor];
      const scores = tf.mul(tf.matMul(queries, keys, false, true), 1 / Math.sqrt(size));
      const heads = tf.matMul(tf.softmax(scores), values);
      return tf.reshape(tf.transpose(heads, [0, 2, 1, 3]), [batch, positions, channels]);
    });
  }

  static get className() {
    return "Attention";
  }
}

const perceptron: Network = {
  input: [784],
  features: (input, initializer) =>
    chain(
      input,
      [128, 64].map((units) => tfl.layers.dense({ units, activation: "relu", kernelInitializer: initializer() })),
    ),
};

const cnn: Network = {
  input: [28, 28, 1],
  features: (input, initializer, normalize) =>
    chain(input, [
      ...[32, 64].flatMap((filters) => [
        tfl.layers.conv2d({ filters, kernelSize: 3, padding: "same", kernelInitializer: initializer() }),
        ...normalize(),
        tfl.layers.reLU(),
      ]),
      tfl.layers.maxPooling2d({ poolSize: 2 }),
      tfl.layers.flatten(),
    ]),
};

const lstm: Network = {
  input: [28, 28],
  features: (input, initializer) =>
    chain(input, [tfl.layers.lstm({ units: 64, kernelInitializer: initializer(), recurrentInitializer: initializer() })]),
};

const transformer: Network = {
  input: [128, 64],
  features(input, initializer, normalize) {
    const dense = (units: number, activation: "linear" | "relu" = "linear") =>
      tfl.layers.dense({ units, activation, kernelInitializer: initializer() });
    const add = (x: tfl.SymbolicTensor, y: tfl.SymbolicTensor) => tfl.layers.add().apply([x, y]) as tfl.SymbolicTensor;
    const projections = [1, 2, 3].map(() => chain(input, [dense(64)]));
    const attended = new Attention(8).apply(projections) as tfl.SymbolicTensor;
    const middle = chain(add(input, chain(attended, [dense(64)])), normalize());
    const output = chain(add(middle, chain(middle, [dense(256, "relu"), dense(64)])), normalize());
    return chain(output, [tfl.layers.globalAveragePooling1d({})]);
  },
};

const volumes: Network = {
  input: [24, 24, 24, 1],
  features: (input, initializer) =>
    chain(input, [
      ...[8, 16].flatMap((filters) => [
        tfl.layers.conv3d({
          filters,
          kernelSize: 3,
          padding: "same",
          activation: "relu",
          kernelInitializer: initializer(),
        }),
        tfl.layers.maxPooling3d({ poolSize: 2 }),
      ]),
      tfl.layers.flatten(),
    ]),
};

const NETWORKS: Record<NetworkKey, Network> = { perceptron, cnn, lstm, transformer, volumes };

/** What a contender updates weights by. */
export const optimizerOf = (contender: ContenderKey, { hasFusedAdam }: StepCase) =>
  hasFusedAdam && contender === "ours" ? fusedAdam() : "adam";

export function makeModel(network: NetworkKey, normalize: Normalize, optimizer: string | tf.Optimizer): tfl.LayersModel {
  const { input, features } = NETWORKS[network];
  const initializer = initializers();
  const inputs = tfl.input({ shape: input });
  const classifier = tfl.layers.dense({ units: CLASSES, activation: "softmax", kernelInitializer: initializer() });
  const model = tfl.model({ inputs, outputs: chain(features(inputs, initializer, normalize), [classifier]) });
  model.compile({ optimizer, loss: "categoricalCrossentropy" });
  return model;
}

/** Examples of random numbers, and their classes. */
export function makeBatch(network: NetworkKey, batch: number): { x: tf.Tensor; y: tf.Tensor } {
  const shape = [batch, ...NETWORKS[network].input];
  const classes = Array.from({ length: batch }, (_, i) => i % CLASSES);
  return {
    x: tf.tensor(normal(generator(1), tf.util.sizeFromShape(shape)), shape),
    y: tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(classes, "int32"), CLASSES), "float32")),
  };
}
