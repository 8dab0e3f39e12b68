import type { Examples, Shape } from "../../learning/data/dataset.js";
import type { Random } from "../../learning/random.js";

/** A weak augmentation moves an image by up to this times its width. */
const MAX_SHIFT = 0.125;

// The limits of a strong augmentation.

const CONTRAST = [0.3, 1.7] as const;
const BRIGHTNESS = 64;
const ROTATION = Math.PI / 9;
const ZOOM = [0.8, 1.2] as const;
const SHEAR = 0.3;
/** The side of the grey square is up to this times the image's width. */
const CUTOUT = 0.4;
const GREY = 128;

/** An affine map from a pixel of the new image to its position in the old one, both relative to the centre. */
interface Warp {
  xx: number;
  xy: number;
  yx: number;
  yy: number;
  x: number;
  y: number;
}

/** Resamples an image bilinearly. Values beyond an edge are those at the edge. */
function warped(image: Uint8Array, { height, width, channels }: Shape, { xx, xy, yx, yy, x: dx, y: dy }: Warp): Uint8Array {
  const clamp = (value: number, end: number) => Math.min(end - 1, Math.max(0, value));
  const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2];
  const result = new Uint8Array(image.length);
  const pixel = (x: number, y: number, channel: number) => image[(y * width + x) * channels + channel] as number;
  let at = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const [u, v] = [column - middleX, row - middleY];
      const x = clamp(xx * u + xy * v + dx + middleX, width);
      const y = clamp(yx * u + yy * v + dy + middleY, height);
      const [left, top] = [Math.floor(x), Math.floor(y)];
      const [right, bottom] = [clamp(left + 1, width), clamp(top + 1, height)];
      const [shareX, shareY] = [x - left, y - top];
      for (let c = 0; c < channels; c++) {
        const above = pixel(left, top, c) * (1 - shareX) + pixel(right, top, c) * shareX;
        const below = pixel(left, bottom, c) * (1 - shareX) + pixel(right, bottom, c) * shareX;
        result[at++] = Math.round(above * (1 - shareY) + below * shareY);
      }
    }
  }
  return result;
}

function moved({ width, height }: Shape, random: Random): Warp {
  const [x, y] = [random.between(-MAX_SHIFT, MAX_SHIFT) * width, random.between(-MAX_SHIFT, MAX_SHIFT) * height];
  return { xx: 1, xy: 0, yx: 0, yy: 1, x, y };
}

function turned(shape: Shape, random: Random): Warp {
  const angle = random.between(-ROTATION, ROTATION);
  const zoom = 1 / random.between(...ZOOM);
  const shear = random.between(-SHEAR, SHEAR);
  const [cos, sin] = [zoom * Math.cos(angle), zoom * Math.sin(angle)];
  return { ...moved(shape, random), xx: cos, xy: shear * cos - sin, yx: sin, yy: shear * sin + cos };
}

/** Changes contrast and brightness, and paints a grey square at a random position. */
function recolored(image: Uint8Array, { height, width, channels }: Shape, random: Random): Uint8Array {
  const contrast = random.between(...CONTRAST);
  const brightness = random.between(-BRIGHTNESS, BRIGHTNESS);
  const clamped = new Uint8ClampedArray(image.length);
  for (let i = 0; i < image.length; i++) clamped[i] = ((image[i] as number) - GREY) * contrast + GREY + brightness;
  const result = new Uint8Array(clamped.buffer);
  const side = Math.round(CUTOUT * width * random.next());
  const [left, top] = [random.integer(width), random.integer(height)];
  for (let y = top; y < Math.min(height, top + side); y++) {
    result.fill(GREY, (y * width + left) * channels, (y * width + Math.min(width, left + side)) * channels);
  }
  return result;
}

function each({ images, labels, count }: Examples, change: (image: Uint8Array) => Uint8Array): Examples {
  const size = images.length / count;
  const changed = new Uint8Array(images.length);
  for (let i = 0; i < count; i++) changed.set(change(images.subarray(i * size, (i + 1) * size)), i * size);
  return { count, images: changed, labels };
}

/** Images moved by up to an eighth of their width. They are not mirrored, because digits are not symmetric. */
export function weaklyAugmented(examples: Examples, shape: Shape, random: Random): Examples {
  return each(examples, (image) => warped(image, shape, moved(shape, random)));
}

/**
 * Images moved, rotated, sheared and zoomed, with changed contrast and brightness and a grey square: operations of CTAugment and
 * RandAugment, each with a random strength.
 */
export function stronglyAugmented(examples: Examples, shape: Shape, random: Random): Examples {
  return each(examples, (image) => recolored(warped(image, shape, turned(shape, random)), shape, random));
}
