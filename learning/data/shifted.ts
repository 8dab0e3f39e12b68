import { Random } from "../random.js";
import { type Dataset, type Shape, withImages } from "./dataset.js";

/** The range of distances between nodes of a texture, in pixels. */
const FINEST = 2;
const COARSEST = 8;

/** The largest value of a background's colour in any channel; white is 1. */
const LIGHTEST = 0.5;

/** Proportions of the images. */
const INVERTED = 0.5;
const BLURRED = 0.5;

/**
 * Smooth noise between two random colours: random numbers at the nodes of a grid of random width and position, and bilinear
 * interpolation between the nodes.
 */
export function texture({ height, width, channels }: Shape, random: Random): Float32Array {
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

/** Blurs along one axis by the kernel 1, 2, 1. Values beyond an edge are those at the edge. */
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
 * A target domain for domain adaptation, made from white digits on black, of any size and with one channel or several. Every digit
 * gets its own background: dark, smooth noise between two random colours, or two greys if there is one channel. Half of the images
 * are inverted, and half are blurred by a 3 x 3 Gaussian, independently. An image depends only on its digit, the seed, its part and
 * its index in the part.
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
