import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { recalibrate } from "tfjs-uan/layers";
import type { Shape } from "../../learning/data/dataset.js";
import { type RunConfig, stepsOf } from "../config.js";
import { buildNetwork } from "../network.js";

/** A tensor in a form that a file can hold. */
export interface SavedTensor {
  name: string;
  shape: number[];
  dtype: "float32" | "int32";
  values: Float32Array | Int32Array;
}

/** The state of a network and its optimizer between two epochs. */
export interface LearnerState {
  weights: SavedTensor[];
  optimizer: SavedTensor[];
}

function saved(name: string, tensor: tf.Tensor): SavedTensor {
  const { shape, dtype } = tensor;
  return { name, shape, dtype: dtype as SavedTensor["dtype"], values: tensor.dataSync().slice() as Float32Array };
}

function restored({ shape, dtype, values }: SavedTensor): tf.Tensor {
  return tf.tensor(values, shape, dtype);
}

/** The loss of a training step, as a function that may be called repeatedly. */
export interface StepLoss {
  loss(): tf.Scalar;
  /** Disposes of the tensors that `loss` uses. */
  dispose(): void;
}

/** Gradients of the trained weights by the variable's name. The caller disposes of them. */
export type Gradients = tf.NamedTensorMap;

/** A network that is trained by Adam. */
export class Learner {
  readonly network: tfl.Sequential;
  readonly variables: tf.Variable[];
  private readonly optimizer: tf.AdamOptimizer;

  constructor(config: RunConfig, shape: Shape, classes: number) {
    this.network = buildNetwork(config, shape, classes, stepsOf(config));
    this.variables = this.network.trainableWeights.map((weight) => weight.read() as tf.Variable);
    this.optimizer = tf.train.adam(config.learningRate);
  }

  /** @param training whether layers use the batch's statistics and update their moving averages */
  logits(x: tf.Tensor4D, training: boolean): tf.Tensor2D {
    return this.network.apply(x, { training }) as tf.Tensor2D;
  }

  gradients(loss: () => tf.Scalar): { loss: number; gradients: Gradients } {
    const { value, grads } = tf.variableGrads(loss, this.variables);
    const [number] = value.dataSync();
    value.dispose();
    return { loss: number as number, gradients: grads };
  }

  apply(gradients: Gradients): void {
    this.optimizer.applyGradients(gradients as Parameters<tf.AdamOptimizer["applyGradients"]>[0]);
  }

  /** Calls `run`, and then restores the weights that are not trained: moving averages, and the counters of data starts. */
  withoutMoving<T extends tf.TensorContainer>(run: () => T): T {
    const before = tf.tidy(() => this.network.nonTrainableWeights.map((weight) => weight.read().clone()));
    const result = run();
    this.network.nonTrainableWeights.forEach((weight, i) => {
      weight.write(before[i] as tf.Tensor);
    });
    tf.dispose(before);
    return result;
  }

  /** Sets all moving moments anew: those of these images. @returns whether there are any */
  async recalibrate(x: tf.Tensor4D, batchSize: number): Promise<boolean> {
    return (await recalibrate(this.network, x, { batchSize })) > 0;
  }

  /** The predicted classes of a batch of images. */
  predict(x: tf.Tensor4D): Int32Array {
    return tf.tidy(() => tf.argMax(this.logits(x, false), 1).dataSync<"int32">().slice());
  }

  async save(): Promise<LearnerState> {
    const optimizer = await this.optimizer.getWeights();
    const state = {
      weights: this.network.weights.map((weight) => saved(weight.originalName, weight.read())),
      optimizer: optimizer.map(({ name, tensor }) => saved(name, tensor)),
    };
    optimizer[0]?.tensor.dispose(); // getWeights creates the first tensor, the number of steps; the others are the optimizer's
    return state;
  }

  async load({ weights, optimizer }: LearnerState): Promise<void> {
    const values = weights.map(restored);
    this.network.setWeights(values);
    tf.dispose(values);
    const moments = optimizer.map((tensor) => ({ name: tensor.name, tensor: restored(tensor) }));
    await this.optimizer.setWeights(moments);
    tf.dispose(moments.map(({ tensor }) => tensor));
  }

  dispose(): void {
    this.network.dispose();
    this.optimizer.dispose();
  }
}
