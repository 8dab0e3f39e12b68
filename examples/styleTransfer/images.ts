import * as tf from "@tensorflow/tfjs-core";
import { generator } from "../../learning/random.js";

/** The side of an image, in pixels. */
export const SIDE = 32;

type Color = [number, number, number];

/** An image [SIDE, SIDE, 3], from 0 to 1, by a function of the pixel. */
function drawn(colorAt: (row: number, column: number) => Color): tf.Tensor3D {
  const pixels = Array.from({ length: SIDE * SIDE }, (_, i) => colorAt(Math.floor(i / SIDE), i % SIDE));
  return tf.tensor3d(pixels.flat(), [SIDE, SIDE, 3]);
}

/** Discs on grounds, in colors at random: [count, SIDE, SIDE, 3]. */
export function contentImages(count: number, seed: number): tf.Tensor4D {
  const next = generator(seed);
  const color = (): Color => [next(), next(), next()];
  return tf.tidy(() => {
    const images = Array.from({ length: count }, () => {
      const [ground, disc] = [color(), color()];
      const [row, column, radius] = [SIDE * (0.3 + 0.4 * next()), SIDE * (0.3 + 0.4 * next()), SIDE * (0.15 + 0.15 * next())];
      return drawn((r, c) => (Math.hypot(r - row, c - column) < radius ? disc : ground));
    });
    return tf.stack(images) as tf.Tensor4D;
  });
}

/** Slanted stripes, dark blue on gold: [1, SIDE, SIDE, 3]. */
export function styleImage(): tf.Tensor4D {
  return tf.tidy(() => {
    const stripes = drawn((row, column) => {
      const share = 0.5 + 0.5 * Math.sin((2 * Math.PI * (row + column)) / 8);
      return [0.9 * share + 0.05, 0.7 * share + 0.1, 0.5 - 0.4 * share];
    });
    return tf.expandDims(stripes) as tf.Tensor4D;
  });
}
