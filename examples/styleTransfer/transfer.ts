import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { instanceNormalization } from "tfjs-uan/layers";
import { SIDE } from "./images.js";

// Fast style transfer (Johnson, Alahi, Fei-Fei, "Perceptual Losses", arXiv 1603.08155) with instance normalization (Ulyanov, Vedaldi,
// Lempitsky, arXiv 1607.08022), which takes out each image's own contrast: the style has one of its own. Both papers compare images by
// VGG, a network that knows photographs. Here a network with random weights does so, which suffices for textures (Ustyuzhaninov, Brendel,
// Gatys, Bethge, arXiv 1606.00021), and needs no download.

/** How much the style counts, beside the content. */
const STYLE_WEIGHT = 100;

const conv = (filters: number, kernelSize: number, seed: number, strides = 1) =>
  tfl.layers.conv2d({ filters, kernelSize, strides, padding: "same", kernelInitializer: tfl.initializers.heNormal({ seed }) });

/** From an image to one with the style: down to a half, a residual block, and up again. */
export function makeTransfer(): tfl.LayersModel {
  const normalized = (x: tfl.SymbolicTensor, layer: tfl.layers.Layer) =>
    instanceNormalization().apply(layer.apply(x)) as tfl.SymbolicTensor;
  const relu = (x: tfl.SymbolicTensor) => tfl.layers.reLU().apply(x) as tfl.SymbolicTensor;

  const image = tfl.input({ shape: [SIDE, SIDE, 3] });
  const small = relu(normalized(relu(normalized(image, conv(8, 5, 1))), conv(16, 3, 2, 2)));
  const residual = normalized(relu(normalized(small, conv(16, 3, 3))), conv(16, 3, 4));
  const block = tfl.layers.add().apply([small, residual]) as tfl.SymbolicTensor;
  const large = tfl.layers.upSampling2d({ size: [2, 2] }).apply(block) as tfl.SymbolicTensor;
  const last = relu(normalized(large, conv(8, 3, 5)));
  const output = tfl.layers.activation({ activation: "sigmoid" }).apply(conv(3, 5, 6).apply(last)) as tfl.SymbolicTensor;
  return tfl.model({ inputs: image, outputs: output });
}

/** The network that compares images. Nothing trains it. @returns features after its first and its second stage */
function makeFeatures(): tfl.LayersModel {
  const image = tfl.input({ shape: [SIDE, SIDE, 3] });
  const relu = () => tfl.layers.reLU();
  const first = relu().apply(conv(32, 5, 11).apply(image)) as tfl.SymbolicTensor;
  const pooled = tfl.layers.averagePooling2d({ poolSize: 2 }).apply(first) as tfl.SymbolicTensor;
  const second = relu().apply(conv(32, 5, 12).apply(pooled)) as tfl.SymbolicTensor;
  const model = tfl.model({ inputs: image, outputs: [first, second] });
  model.trainable = false;
  return model;
}

/** What features occur together, wherever it may be: [batch, channels, channels]. */
function gram(features: tf.Tensor): tf.Tensor {
  const [batch, height, width, channels] = features.shape as [number, number, number, number];
  const places = tf.reshape(features, [batch, height * width, channels]) as tf.Tensor3D;
  return tf.div(tf.matMul(places, places, true), height * width);
}

const squaredError = (a: tf.Tensor, b: tf.Tensor) => tf.mean(tf.squaredDifference(a, b));

export interface Losses {
  content: number;
  style: number;
}

/** A network that learns to give images the style of one. */
export class StyleTransfer {
  readonly model = makeTransfer();
  private readonly features = makeFeatures();
  private readonly optimizer = tf.train.adam(0.01);
  private readonly grams: tf.Tensor[];

  /** @param style [1, SIDE, SIDE, 3] */
  constructor(style: tf.Tensor4D) {
    this.grams = tf.tidy(() => this.featuresOf(style).map(gram));
  }

  private featuresOf(images: tf.Tensor): tf.Tensor[] {
    return this.features.apply(tf.sub(images, 0.5)) as tf.Tensor[];
  }

  /** A training step on images [batch, SIDE, SIDE, 3]. @returns the losses before it */
  step(images: tf.Tensor4D): Losses {
    return tf.tidy(() => {
      const contents = this.featuresOf(images).at(-1) as tf.Tensor;
      const losses: tf.Scalar[] = [];
      this.optimizer.minimize(
        () => {
          const features = this.featuresOf(this.model.apply(images, { training: true }) as tf.Tensor);
          const content = squaredError(features.at(-1) as tf.Tensor, contents) as tf.Scalar;
          const style = tf.addN(features.map((own, i) => squaredError(gram(own), this.grams[i] as tf.Tensor))) as tf.Scalar;
          losses.push(tf.keep(content), tf.keep(style));
          return tf.add<tf.Scalar>(content, tf.mul(STYLE_WEIGHT, style));
        },
        false,
        this.model.trainableWeights.map((weight) => weight.read() as tf.Variable),
      );
      const [content, style] = losses.map((loss) => loss.dataSync()[0]) as [number, number];
      tf.dispose(losses);
      return { content, style };
    });
  }

  dispose(): void {
    for (const part of [this.model, this.features, this.optimizer]) part.dispose();
    tf.dispose(this.grams);
  }
}
