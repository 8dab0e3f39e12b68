import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { mean, spread } from "../metrics.js";
import { kernelLayers } from "../network.js";
import type { Gradients, Learner } from "./learner.js";

/** An epoch has so many parts, each with a record. */
const PARTS = 10;

/** The gradient is computed at these distances along a step, in lengths of the step. */
export const ALONG = [0.5, 1, 2, 4];

/** Statistics of the gradient of a layer's kernel over some steps. */
export interface LayerGradient {
  layer: string;
  /** Mean of the Euclidean norm over the steps. */
  norm: number;
  /** Standard deviation of the norm over the steps, divided by its mean. */
  fluctuation: number;
  /** Variance of an entry over the steps, averaged over the entries: how far the steps' gradients are from their mean. */
  variance: number;
}

export interface GradientRecord {
  /** Epochs since the start of the run. */
  at: number;
  layers: LayerGradient[];
  /** Angles in degrees between the gradient at the start of a step and that at each distance of ALONG, on the same batch. */
  turn: number[];
  /** Lengths of the differences of the two, divided by the length of the first. */
  change: number[];
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

function dot(a: Float32Array[], b: Float32Array[]): number {
  return sum(a.map((part, i) => part.reduce((total, value, j) => total + value * ((b[i] as Float32Array)[j] as number), 0)));
}

/** How much `other` differs from the gradient. */
function compare(gradient: Float32Array[], other: Float32Array[]): { turn: number; change: number } {
  const [aa, ab, bb] = [dot(gradient, gradient), dot(gradient, other), dot(other, other)];
  const cosine = Math.min(1, Math.max(-1, ab / Math.sqrt(aa * bb)));
  return { turn: (Math.acos(cosine) * 180) / Math.PI, change: Math.sqrt(Math.max(0, aa - 2 * ab + bb) / aa) };
}

/** A layer's gradients since the last record. */
class Part {
  readonly norms: number[] = [];
  private readonly sums: Float64Array;

  constructor(size: number) {
    this.sums = new Float64Array(size);
  }

  add(gradient: Float32Array): void {
    this.norms.push(Math.sqrt(dot([gradient], [gradient])));
    gradient.forEach((value, i) => {
      this.sums[i] = (this.sums[i] as number) + value;
    });
  }

  /** Mean square minus squared mean, averaged over the entries. */
  get variance(): number {
    const { sums, norms } = this;
    const count = norms.length;
    const squares = mean(norms.map((norm) => norm ** 2));
    const ofMean = sums.reduce((total, value) => total + (value / count) ** 2, 0);
    return Math.max(0, squares - ofMean) / sums.length;
  }
}

/**
 * Makes training steps and records the gradients of the kernels that all methods have in common: their norm, its fluctuation, and
 * gradient predictiveness, which is how much the loss gradient turns along a step (Santurkar, Tsipras, Ilyas, Madry, "How Does Batch
 * Normalization Help Optimization?", arXiv 1805.11604, section 3.2; there along the gradient, here along the optimizer's step).
 */
export class GradientObserver {
  readonly records: GradientRecord[] = [];
  private readonly layers: tfl.layers.Layer[];
  private done = 0;
  private parts: Part[] | undefined;

  /** @param steps how many the epoch has @param epochsBefore how many epochs are complete */
  constructor(
    private readonly learner: Learner,
    private readonly steps: number,
    private readonly epochsBefore: number,
  ) {
    this.layers = kernelLayers(learner.network);
  }

  /** Makes a training step. @returns the loss before the step */
  step(loss: () => tf.Scalar): number {
    const { learner } = this;
    const { loss: value, gradients } = learner.gradients(loss);
    const kernels = this.kernels(gradients);
    const parts = this.parts ?? kernels.map(({ length }) => new Part(length));
    this.parts = parts;
    kernels.forEach((kernel, i) => {
      parts[i]?.add(kernel);
    });
    this.done++;
    const isRecorded = this.part(this.done) > this.part(this.done - 1);
    const before = isRecorded ? learner.variables.map((variable) => variable.clone()) : [];
    learner.apply(gradients);
    tf.dispose(gradients);
    if (isRecorded) this.record(parts, loss, kernels, before);
    tf.dispose(before);
    return value;
  }

  private record(parts: Part[], loss: () => tf.Scalar, kernels: Float32Array[], before: tf.Tensor[]): void {
    const along = this.lookAlong(loss, kernels, before);
    this.records.push({
      at: this.epochsBefore + this.done / this.steps,
      layers: this.layers.map((layer, i) => {
        const { norms, variance } = parts[i] as Part;
        const { mean, deviation = 0 } = spread(norms);
        const name = layer.getClassName() === "Dense" ? "dense" : `convolution ${i + 1}`;
        return { layer: name, norm: mean, fluctuation: deviation / mean, variance };
      }),
      turn: along.map(({ turn }) => turn),
      change: along.map(({ change }) => change),
    });
    this.parts = undefined;
  }

  /** Compares gradients of the same batch along the last step. The weights stay those after the step. */
  private lookAlong(loss: () => tf.Scalar, kernels: Float32Array[], before: tf.Tensor[]) {
    const { variables } = this.learner;
    const after = variables.map((variable) => variable.clone());
    const compared = ALONG.map((far) => {
      this.assign((i) => tf.add(before[i] as tf.Tensor, tf.mul(tf.sub(after[i] as tf.Tensor, before[i] as tf.Tensor), far)));
      const { gradients } = this.learner.withoutMoving(() => this.learner.gradients(loss));
      const other = this.kernels(gradients);
      tf.dispose(gradients);
      return compare(kernels, other);
    });
    this.assign((i) => (after[i] as tf.Tensor).clone());
    tf.dispose(after);
    return compared;
  }

  private assign(value: (i: number) => tf.Tensor): void {
    this.learner.variables.forEach((variable, i) => {
      tf.tidy(() => variable.assign(value(i)));
    });
  }

  private kernels(gradients: Gradients): Float32Array[] {
    return this.layers.map((layer) => {
      const [kernel] = layer.trainableWeights;
      const variable = kernel?.read() as tf.Variable;
      return (gradients[variable.name] as tf.Tensor).dataSync<"float32">().slice();
    });
  }

  /** How many parts of the epoch are complete after so many steps. */
  private part(steps: number): number {
    return Math.floor((steps * PARTS) / this.steps);
  }
}
