import { dispose, slice, Tensor } from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { argumentError } from "../arguments.js";
import { describeStranger } from "../tensorflow/strangers.js";

/** A tf.data.Dataset, or what has its iterator. */
export interface DatasetLike {
  /** Begins anew. */
  iterator(): Promise<BatchIterator>;
}

/** What goes through a dataset once. */
export interface BatchIterator {
  /** The next batch, until it is done. */
  next(): Promise<{ value: unknown; done?: boolean }>;
}

/**
 * Samples without labels: a tensor; an array of tensors, one for each input of the model; or a tf.data.Dataset of batches, each a
 * tensor, an array of tensors, a map of tensors by the inputs' names, or { xs } or { xs, ys } of these, whose ys are not read.
 */
export type UnlabelledData = Tensor | Tensor[] | DatasetLike;

const op = "recalibrate";

const isDataset = (data: object): data is DatasetLike => typeof (data as Partial<DatasetLike>).iterator === "function";

const show = (value: unknown) => (value instanceof Tensor ? `a tensor [${value.shape}]` : describeStranger(value));

/** Batches of samples, a tensor for each input of a model. They can be gone through several times. */
export class Batches {
  /** How many there are, if that is known. */
  readonly count: number | undefined;

  /** @throws Error where the data does not fit the model. What a dataset yields is checked when it does */
  constructor(
    private readonly model: tfl.LayersModel,
    private readonly data: UnlabelledData,
    private readonly batchSize: number,
  ) {
    if (typeof data !== "object" || data === null) {
      throw argumentError(op, "data", "be a tensor, an array of tensors or a dataset", show(data));
    }
    if (!isDataset(data)) {
      this.count = Math.ceil(this.samplesOf(this.inputsOf(data, "be")) / batchSize);
    }
  }

  /** The batches, one after the other, each disposed of before the next: as tf.Model.fitDataset does with what a dataset yields. */
  [Symbol.asyncIterator](): AsyncGenerator<Tensor[]> {
    return isDataset(this.data) ? this.yielded(this.data) : this.cut(this.inputsOf(this.data, "be"));
  }

  private async *cut(inputs: Tensor[]): AsyncGenerator<Tensor[]> {
    const samples = this.samplesOf(inputs);
    for (let start = 0; start < samples; start += this.batchSize) {
      const size = Math.min(this.batchSize, samples - start);
      const batch = inputs.map((input) => slice(input, start, size));
      try {
        yield batch;
      } finally {
        dispose(batch);
      }
    }
  }

  private async *yielded(dataset: DatasetLike): AsyncGenerator<Tensor[]> {
    const iterator = await dataset.iterator();
    for (;;) {
      const { value, done } = await iterator.next();
      if (done) return;
      try {
        const hasLabels = typeof value === "object" && value !== null && "xs" in value;
        const batch = this.inputsOf(hasLabels ? value.xs : value, "yield");
        if (this.samplesOf(batch) > 0) yield batch;
      } finally {
        dispose(value as Tensor);
      }
    }
  }

  /** Tensors for the model's inputs, in their order. @param verb what the data is to do */
  private inputsOf(value: unknown, verb: string): Tensor[] {
    const { inputs } = this.model;
    const names = inputs.map(({ sourceLayer }) => sourceLayer.name);
    const isMap = typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Tensor);
    const tensors = isMap ? names.map((name) => (value as Record<string, unknown>)[name]) : [value].flat();
    if (tensors.length !== inputs.length) {
      const wanted = `${verb} ${inputs.length === 1 ? "a tensor" : `an array of ${inputs.length} tensors`}, one for each input`;
      throw argumentError(op, "data", wanted, `${tensors.length}`);
    }
    tensors.forEach((tensor, i) => {
      const shape = inputs[i]?.shape as (number | null)[];
      const wanted = `${verb} a tensor of shape [${shape.map((size) => size ?? "any").join(", ")}] for input '${names[i]}'`;
      if (!(tensor instanceof Tensor)) throw argumentError(op, "data", wanted, show(tensor));
      if (tensor.isDisposed) throw argumentError(op, "data", wanted, "one that is disposed");
      const fits =
        tensor.rank === shape.length && shape.every((size, axis) => size === null || axis === 0 || size === tensor.shape[axis]);
      if (!fits) throw argumentError(op, "data", wanted, show(tensor));
    });
    return tensors as Tensor[];
  }

  /** How many samples each tensor has. */
  private samplesOf(inputs: Tensor[]): number {
    const [samples = 0, ...others] = inputs.map(({ shape }) => shape[0] as number);
    if (others.some((count) => count !== samples)) {
      throw argumentError(op, "data", "have as many samples for each input", [samples, ...others].join(" and "));
    }
    return samples;
  }
}
