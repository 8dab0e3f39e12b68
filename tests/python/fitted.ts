import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { filesOf, type ModelFiles } from "../../runtimes/modelFiles.js";

const numbersOf = (tensor: tf.Tensor) => ({
  shape: tensor.shape,
  values: Array.from(tensor.dataSync(), (value) => Number(value.toPrecision(8))),
});

/** What model.save writes, and what the model predicts. */
export interface Fitted extends ModelFiles {
  data: Record<"inputs" | "outputs", { shape: number[]; values: number[] }[]>;
}

/** Trains a model for two steps, with targets 1. */
export async function fitted({ model, inputs }: { model: tfl.LayersModel; inputs: tf.Tensor[] }): Promise<Fitted> {
  model.compile({ optimizer: tf.train.adam(0.01), loss: "meanSquaredError" });
  const [samples] = (inputs[0] as tf.Tensor).shape;
  const targets = model.outputs.map(({ shape }) => tf.ones([samples as number, ...(shape.slice(1) as number[])]));
  const [x, y] = inputs.length === 1 ? [inputs[0] as tf.Tensor, targets[0] as tf.Tensor] : [inputs, targets];
  await model.fit(x, y, { epochs: 2, batchSize: samples as number, shuffle: false, verbose: 0 });
  const outputs = [model.predict(x)].flat() as tf.Tensor[];
  return { ...(await filesOf(model)), data: { inputs: inputs.map(numbersOf), outputs: outputs.map(numbersOf) } };
}
