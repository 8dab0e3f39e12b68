import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { mixtureResponsibilities } from "tfjs-uan";
import { CLASSES, PIXELS, SIDE } from "../../../learning/data/digits.js";
import { Random } from "../../../learning/random.js";
import { type Digits, oneHotOf, pixelsOf } from "../digits.js";
import { histogram } from "../histogram.js";
import {
  type Density,
  KIND_NAMES,
  KINDS,
  type Kind,
  mapEach,
  type OfEach,
  type Progress,
  type Recognized,
  type Settings,
  type View,
} from "../protocol.js";
import { Network, UanLayers } from "./network.js";

/** After so many steps the networks are tested. */
export const TEST_EVERY = 20;
/** On so many test digits, and the density is of the activations of so many. */
const TESTED = 256;
const SHOWN = 32;
const BINS = 48;

const firstOf = (count: number, most: number) => Array.from({ length: Math.min(count, most) }, (_, i) => i);

const images = (pixels: Float32Array) => tf.tensor4d(pixels, [pixels.length / PIXELS, SIDE, SIDE, 1]);

/** One after the other: they share the processor. */
async function ofEach<T>(make: (kind: Kind) => Promise<T>): Promise<OfEach<T>> {
  return { uan: await make("uan"), batch: await make("batch"), none: await make("none") };
}

const largestAt = (row: ArrayLike<number>) =>
  Array.from(row).reduce((best, value, i, all) => (value > (all[best] as number) ? i : best), 0);

/** The networks, which train on the same batches. */
export class Trainer {
  private readonly networks: OfEach<Network>;
  private layers: UanLayers;
  private readonly shown: tf.Tensor4D;
  private order = new Uint32Array();
  private next = 0;
  private epoch = 0;
  private step = 0;

  constructor(
    private readonly digits: Digits,
    readonly settings: Settings,
  ) {
    this.networks = mapEach(KIND_NAMES, (_, kind) => Network.build(kind, settings));
    this.layers = new UanLayers(this.networks.uan.model);
    this.shown = images(pixelsOf(digits.test, firstOf(digits.test.count, SHOWN)));
  }

  get layerInfos() {
    return this.layers.infos;
  }

  get uan(): tfl.LayersModel {
    return this.networks.uan.model;
  }

  /** A step of each network on the next batch. */
  async train(): Promise<Progress> {
    const taken = await this.trainOn(this.nextBatch());
    this.step += 1;
    const tested = this.step % TEST_EVERY === 0 ? { accuracies: await this.test() } : {};
    return { type: "progress", step: this.step, ...taken, ...tested, tensors: tf.memory().numTensors };
  }

  private async trainOn(batch: Uint32Array): Promise<Pick<Progress, "losses" | "times">> {
    const x = images(pixelsOf(this.digits.training, batch));
    const y = tf.tensor2d(oneHotOf(this.digits.training, batch), [batch.length, CLASSES]);
    try {
      const steps = await ofEach(async (kind) => {
        const start = performance.now();
        const loss = await this.networks[kind].train(x, y);
        return { loss, time: performance.now() - start };
      });
      return { losses: mapEach(steps, ({ loss }) => loss), times: mapEach(steps, ({ time }) => time) };
    } finally {
      tf.dispose([x, y]);
    }
  }

  /** How a channel's activations lie, and its mixture. */
  async density(view: View): Promise<Density> {
    const activations = this.layers.activations(view.layer, view.channel, this.shown);
    try {
      const mixture = await this.layers.mixture(view.layer, view.channel);
      return { type: "density", step: this.step, view, histogram: histogram(await activations.data(), BINS), mixture };
    } finally {
      activations.dispose();
    }
  }

  /** What the networks see in an image, and which component took each of a channel's activations. */
  async recognize(pixels: Float32Array, view: View): Promise<Recognized> {
    const x = images(pixels);
    const activations = this.layers.activations(view.layer, view.channel, x);
    try {
      const probabilities = await ofEach(async (kind) => Array.from(await this.networks[kind].predict(x)));
      const { mean, variance, prior } = await this.layers.mixture(view.layer, view.channel);
      const column = (numbers: number[]) => tf.tensor2d(numbers, [numbers.length, 1]);
      const responsibilities = tf.tidy(() =>
        mixtureResponsibilities(tf.reshape(activations, [-1, 1]), column(mean), column(variance), prior, { epsilon: 0 }),
      );
      const { height, width } = this.layers.infos[view.layer] as { height: number; width: number };
      const numbers = (await responsibilities.data()) as Float32Array;
      responsibilities.dispose();
      return {
        type: "recognized",
        probabilities,
        view,
        height,
        width,
        activations: (await activations.data()) as Float32Array,
        responsibilities: numbers,
      };
    } finally {
      tf.dispose([x, activations]);
    }
  }

  /** Puts a loaded model in the place of the network with UAN. @returns its K */
  replace(model: tfl.LayersModel): number {
    const network = new Network(model);
    const layers = new UanLayers(model);
    this.networks.uan.dispose();
    this.networks.uan = network;
    this.layers = layers;
    this.settings.components = layers.components;
    return layers.components;
  }

  dispose(): void {
    for (const kind of KINDS) this.networks[kind].dispose();
    this.shown.dispose();
  }

  private nextBatch(): Uint32Array {
    const { batchSize, seed } = this.settings;
    if (this.next + batchSize > this.order.length) {
      this.order = new Random(seed, "order", this.epoch).order(this.digits.training.count) as Uint32Array<ArrayBuffer>;
      this.epoch += 1;
      this.next = 0;
    }
    this.next += batchSize;
    return this.order.subarray(this.next - batchSize, this.next);
  }

  private async test(): Promise<OfEach<number>> {
    const { test } = this.digits;
    const indices = firstOf(test.count, TESTED);
    const x = images(pixelsOf(test, indices));
    try {
      return await ofEach(async (kind) => {
        const rows = await this.networks[kind].predict(x);
        const right = indices.filter((i) => largestAt(rows.subarray(i * CLASSES, (i + 1) * CLASSES)) === test.labels[i]);
        return right.length / indices.length;
      });
    } finally {
      x.dispose();
    }
  }
}
