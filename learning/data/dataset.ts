import { Random } from "../random.js";

export interface Shape {
  height: number;
  width: number;
  channels: number;
}

export interface Examples {
  count: number;
  /** count · height · width · channels values from 0 to 255, channels last. */
  images: Uint8Array;
  /** Classes, from 0. */
  labels: Uint8Array;
}

export interface Dataset extends Shape {
  name: string;
  /** Where the images are from and how they were changed. Reports show this. */
  source: string;
  classes: number;
  train: Examples;
  test: Examples;
}

const shapeText = ({ height, width, channels }: Shape) => `${height} x ${width} x ${channels}`;

/** The data set with changed images and the same labels. @param what says what changed, for `source` */
export function withImages(
  dataset: Dataset,
  shape: Shape,
  what: string,
  change: (examples: Examples, part: "train" | "test") => Uint8Array,
): Dataset {
  const { height, width, channels } = shape;
  const changed = (part: "train" | "test") => ({ ...dataset[part], images: change(dataset[part], part) });
  const source = `${dataset.source}; ${what}`;
  return { ...dataset, height, width, channels, source, train: changed("train"), test: changed("test") };
}

/** The examples with these indices, in this order. */
export function pick({ images, labels, count }: Examples, indices: ArrayLike<number>): Examples {
  const size = images.length / count;
  const picked = { count: indices.length, images: new Uint8Array(indices.length * size), labels: new Uint8Array(indices.length) };
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] as number;
    picked.images.set(images.subarray(index * size, (index + 1) * size), i * size);
    picked.labels[i] = labels[index] as number;
  }
  return picked;
}

/** A subset of the examples, in a random order, with the same proportions of classes, rounded up or down. */
export function subset(examples: Examples, count: number, random: Random): Examples {
  if (!Number.isInteger(count) || count < 1 || count > examples.count) {
    throw new RangeError(`subset: the number of examples must be an integer from 1 to ${examples.count}, got ${count}`);
  }
  const labelOf = (index: number) => examples.labels[index] as number;
  const byClass = random.order(examples.count).sort((a, b) => labelOf(a) - labelOf(b));
  const step = examples.count / count;
  const indices = Uint32Array.from({ length: count }, (_, i) => byClass[Math.floor((i + 0.5) * step)] as number);
  return pick(examples, random.shuffle(indices));
}

/** The data set with a subset of each part. Call it before changes to images: they then take less time. */
export function withCounts(dataset: Dataset, train: number, test: number, seed: number): Dataset {
  const { train: allTrain, test: allTest } = dataset;
  const what = `${train} of ${allTrain.count} training and ${test} of ${allTest.count} test images, by class, seed ${seed}`;
  return {
    ...dataset,
    source: `${dataset.source}; ${what}`,
    train: subset(allTrain, train, new Random(seed, "training subset")),
    test: subset(allTest, test, new Random(seed, "test subset")),
  };
}

/**
 * The data set with images of another height and width around the same centre: cropped, or padded with the values at their edges.
 * A single channel may become several equal ones.
 */
export function asShape(dataset: Dataset, height: number, width: number, channels: number): Dataset {
  const shape = { height, width, channels };
  if (shapeText(shape) === shapeText(dataset)) return dataset;
  if (channels !== dataset.channels && dataset.channels !== 1) {
    const wanted = `must keep its ${dataset.channels} channels`;
    throw new RangeError(`asShape: ${dataset.name} of ${shapeText(dataset)} ${wanted}, got ${shapeText(shape)}`);
  }
  // For every value of a new image, its index in the old image.
  const old = dataset;
  const along = (position: number, length: number, oldLength: number) =>
    Math.min(oldLength - 1, Math.max(0, position - Math.floor((length - oldLength) / 2)));
  const sources = Uint32Array.from({ length: height * width * channels }, (_, i) => {
    const y = along(Math.floor(i / (width * channels)), height, old.height);
    const x = along(Math.floor(i / channels) % width, width, old.width);
    return (y * old.width + x) * old.channels + (old.channels === 1 ? 0 : i % channels);
  });
  const oldSize = old.height * old.width * old.channels;
  return withImages(dataset, shape, `${shapeText(old)} brought to ${shapeText(shape)}`, ({ images, count }) => {
    const changed = new Uint8Array(count * sources.length);
    for (let n = 0; n < count; n++) {
      for (let i = 0; i < sources.length; i++) {
        changed[n * sources.length + i] = images[n * oldSize + (sources[i] as number)] as number;
      }
    }
    return changed;
  });
}

/** The data set with images of half the height and width: every value is the mean of 2 x 2 values, rounded. */
export function halved(dataset: Dataset): Dataset {
  const { height, width, channels } = dataset;
  if (height % 2 !== 0 || width % 2 !== 0) {
    throw new RangeError(`halved: ${dataset.name} must have an even height and width, got ${height} x ${width}`);
  }
  const shape = { height: height / 2, width: width / 2, channels };
  const row = width * channels;
  return withImages(dataset, shape, `halved to ${shapeText(shape)}`, ({ images, count }) => {
    const changed = new Uint8Array(images.length / 4);
    const pixel = (index: number) => images[index] as number;
    let at = 0;
    // All images together are treated as one high image.
    for (let y = 0; y < count * height; y += 2) {
      for (let x = 0; x < row; x += 2 * channels) {
        for (let channel = 0; channel < channels; channel++) {
          const i = y * row + x + channel;
          changed[at++] = (pixel(i) + pixel(i + channels) + pixel(i + row) + pixel(i + row + channels) + 2) >> 2;
        }
      }
    }
    return changed;
  });
}

/** Mean and standard deviation of every channel, for values from 0 to 1. */
export interface Moments {
  mean: number[];
  deviation: number[];
}

/** Compute them over the training images of a data set, and use them for its test images, too. */
export function channelMoments(images: Uint8Array, channels: number): Moments {
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  for (let i = 0; i < images.length; i += channels) {
    for (let channel = 0; channel < channels; channel++) {
      const value = images[i + channel] as number;
      sums[channel] = (sums[channel] as number) + value;
      squares[channel] = (squares[channel] as number) + value * value;
    }
  }
  const count = images.length / channels;
  const mean = Array.from(sums, (sum) => sum / count);
  const deviation = mean.map((mean, channel) => Math.sqrt((squares[channel] as number) / count - mean * mean));
  return { mean: mean.map((value) => value / 255), deviation: deviation.map((value) => value / 255) };
}

/** Images standardized by moments. By their own, every channel has mean 0 and deviation 1; a constant channel becomes 0. */
export function toStandard(images: Uint8Array, { mean, deviation }: Moments): Float32Array {
  const channels = mean.length;
  const offset = mean.map((mean) => 255 * mean);
  const scale = deviation.map((deviation) => (deviation > 0 ? 1 / (255 * deviation) : 0));
  const standard = new Float32Array(images.length);
  for (let i = 0; i < images.length; i++) {
    const channel = i % channels;
    standard[i] = ((images[i] as number) - (offset[channel] as number)) * (scale[channel] as number);
  }
  return standard;
}
