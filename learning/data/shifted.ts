import { Random } from "../random.js";
import { type Dataset, type Shape, withImages } from "./dataset.js";

/** Pixels from one node of a texture to the next: from fine to coarse. */
const FINEST = 2;
const COARSEST = 8;

/** The most that a colour of the background has of any channel, of 1. */
const LIGHTEST = 0.5;

/** Shares of the images. */
const INVERTED = 0.5;
const BLURRED = 0.5;

/**
 * Smooth noise between two random colours: by random numbers at the nodes of a grid of random width and position, bilinear
 * between them.
 */
function texture({ height, width, channels }: Shape, random: Random): Float32Array {
  const step = random.between(FINEST, COARSEST);
  const [top, left] = [random.next(), random.next()];
  const color = () => random.between(0, LIGHTEST);
  const colors = Array.from({ length: channels }, () => [color(), color()] as const);
  const columns = Math.ceil(width / step) + 2;
  const nodes = Float32Array.from({ length: (Math.ceil(height / step) + 2) * columns }, () => random.next());
  const node = (index: number) => nodes[index] as number;

  const values = new Float32Array(height * width * channels);
  let at = 0;
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / step + top);
    const down = y / step + top - row;
    for (let x = 0; x < width; x++) {
      const column = Math.floor(x / step + left);
      const right = x / step + left - column;
      const i = row * columns + column;
      const above = node(i) * (1 - right) + node(i + 1) * right;
      const below = node(i + columns) * (1 - right) + node(i + columns + 1) * right;
      const share = above * (1 - down) + below * down;
      for (const [one, other] of colors) values[at++] = one * (1 - share) + other * share;
    }
  }
  return values;
}

/** A Gaussian of 1, 2, 1 along one axis; what lies beyond an edge is as the edge. */
function blurred(values: Float32Array, stride: number, length: number): Float32Array {
  return values.map((here, i) => {
    const position = Math.floor(i / stride) % length;
    const before = position > 0 ? (values[i - stride] as number) : here;
    const after = position < length - 1 ? (values[i + stride] as number) : here;
    return (before + 2 * here + after) / 4;
  });
}

function shift(digit: Uint8Array, shape: Shape, random: Random): Uint8Array {
  const { height, width, channels } = shape;
  const isInverted = random.next() < INVERTED;
  const isBlurred = random.next() < BLURRED;
  const drawn = texture(shape, random).map((background, i) => {
    const ink = (digit[i] as number) / 255;
    const value = ink + (1 - ink) * background;
    return isInverted ? 1 - value : value;
  });
  const seen = isBlurred ? blurred(blurred(drawn, channels, width), width * channels, height) : drawn;
  return Uint8Array.from(seen, (value) => Math.round(255 * value));
}

/**
 * A target domain for domain adaptation, made of digits that are white on black, of any size and with one channel or several. Every
 * digit gets a background of its own, dark smooth noise between two random colours (greys, where there is one channel); half of
 * the images are inverted, and half of them, not the same, are blurred by a 3 x 3 Gaussian. An image follows from its digit, the
 * seed, its part and its index there.
 */
export function shifted(dataset: Dataset, seed: number): Dataset {
  const { height, width, channels } = dataset;
  const size = height * width * channels;
  const what = `shifted: textured backgrounds, half of the images inverted, half blurred; seed ${seed}`;
  const made = withImages(dataset, dataset, what, ({ images, count }, part) => {
    const changed = new Uint8Array(images.length);
    for (let i = 0; i < count; i++) {
      const digit = images.subarray(i * size, (i + 1) * size);
      changed.set(shift(digit, dataset, new Random(seed, `shifted ${part}`, i)), i * size);
    }
    return changed;
  });
  return { ...made, name: `${dataset.name}-shifted (made from ${dataset.name})` };
}
