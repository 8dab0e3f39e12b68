import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { generator, normal } from "../../learning/random.js";

/** Normally distributed activations, the same for the same seed. */
export function data(shape: number[], scale = 1, mean = 0, seed = 1): tf.Tensor {
  return tf.tensor(normal(generator(seed), tf.util.sizeFromShape(shape), scale, mean), shape);
}

/** Builds a layer for a shape without the batch dimension. */
export function built<L extends tfl.layers.Layer>(layer: L, shape: (number | null)[]): L {
  layer.apply(tfl.input({ shape }));
  return layer;
}

/** Last parts of the weights' names, and their shapes, in order. */
export const namesAndShapes = (layer: tfl.layers.Layer) =>
  layer.weights.map(({ originalName, shape }) => [originalName.split("/").at(-1), shape]);

export const valuesOf = (layer: tfl.layers.Layer | tfl.LayersModel) =>
  layer.getWeights().map((weight) => Array.from(weight.dataSync()));

/** A network with the layer between two dense layers. */
export function networkWith(layer: tfl.layers.Layer, shape: number[] = [4, 4, 3]): tfl.Sequential {
  const kernelInitializer = tfl.initializers.glorotUniform({ seed: 3 });
  return tfl.sequential({
    layers: [
      tfl.layers.dense({ units: 6, inputShape: shape, kernelInitializer }),
      layer,
      tfl.layers.activation({ activation: "relu" }),
      tfl.layers.flatten(),
      tfl.layers.dense({ units: 1, kernelInitializer }),
    ],
  });
}

/** Trains a model with a single output. @returns the loss of each epoch */
export async function train(model: tfl.LayersModel, x: tf.Tensor, y: tf.Tensor, epochs = 5): Promise<number[]> {
  model.compile({ optimizer: tf.train.adam(0.01), loss: "meanSquaredError" });
  const { history } = await model.fit(x, y, { epochs, batchSize: 32, shuffle: false, verbose: 0 });
  return history.loss as number[];
}

/** What model.save writes. */
export async function saved(model: tfl.LayersModel): Promise<tf.io.ModelArtifacts> {
  let artifacts: tf.io.ModelArtifacts = {};
  await model.save(
    tf.io.withSaveHandler(async (given) => {
      artifacts = given;
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
    }),
  );
  const { weightData, ...rest } = artifacts;
  return { ...(JSON.parse(JSON.stringify(rest)) as tf.io.ModelArtifacts), weightData };
}

/** Saves a model, and loads it again. */
export async function reloaded(model: tfl.LayersModel): Promise<tfl.LayersModel> {
  return tfl.loadLayersModel(tf.io.fromMemory(await saved(model)));
}

export const predict = (model: tfl.LayersModel, x: tf.Tensor) =>
  tf.tidy(() => (model.predict(x) as tf.Tensor).dataSync<"float32">());

/** Gradients of Σ weight·tanh(layer(x)) in training with respect to x and to the layer's trained weights. */
export function trainingGradients(layer: tfl.layers.Layer, x: tf.Tensor): Record<string, Float32Array> {
  return tf.tidy(() => {
    const weight = data(x.shape, 1, 0, 9);
    const input = tf.variable(x);
    const variables: Record<string, tf.Variable> = { x: input };
    layer.getWeights(true).forEach((variable, i) => {
      const name = layer.trainableWeights[i]?.originalName.split("/").at(-1) as string;
      variables[name] = variable as tf.Variable;
    });
    const loss = () => tf.sum(tf.mul(weight, tf.tanh(layer.apply(input, { training: true }) as tf.Tensor))) as tf.Scalar;
    const { grads } = tf.variableGrads(loss, Object.values(variables));
    input.dispose();
    const read = ([name, { name: key }]: [string, tf.Variable]) => [name, (grads[key] as tf.Tensor).dataSync<"float32">()];
    return Object.fromEntries(Object.entries(variables).map(read));
  });
}
