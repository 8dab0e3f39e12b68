import { Random } from "../random.js";
import { type Dataset, withImages } from "./dataset.js";
import { texture } from "./shifted.js";

/** How the images of the second domain are made: black becomes white, or digits get a texture as their background. */
export const MIXTURES = ["inverted", "textured"] as const;
export type Mixture = (typeof MIXTURES)[number];

const WHITE = 255;

/** Images with an odd index are those of the second domain. */
export const isChanged = (index: number): boolean => index % 2 === 1;

/**
 * Two domains in one data set of white digits on black: every second image is changed. Textures are those of MNIST-shifted: smooth
 * noise between two random colours, or two greys if there is one channel. A texture depends on the seed, its image's part and index.
 */
export function mixed(dataset: Dataset, mixture: Mixture, seed: number): Dataset {
  const size = dataset.height * dataset.width * dataset.channels;
  const change = (image: Uint8Array, random: () => Random): Uint8Array => {
    if (mixture === "inverted") return image.map((value) => WHITE - value);
    const background = texture(dataset, random());
    return image.map((value, i) => Math.round(value + (WHITE - value) * (background[i] as number)));
  };
  return withImages(dataset, dataset, `every second image ${mixture}, seed ${seed}`, ({ images, count }, part) => {
    const changed = images.slice();
    for (let i = 0; i < count; i++) {
      if (!isChanged(i)) continue;
      const image = images.subarray(i * size, (i + 1) * size);
      changed.set(
        change(image, () => new Random(seed, `mixed ${part}`, i)),
        i * size,
      );
    }
    return changed;
  });
}

/** The indices in an order in which images of the two domains take turns, otherwise that in which they are given. */
export function takingTurns(order: Uint32Array): Uint32Array {
  const [one, other] = [order.filter((index) => !isChanged(index)), order.filter(isChanged)];
  const turns = Uint32Array.from(
    { length: 2 * Math.min(one.length, other.length) },
    (_, i) => (i % 2 === 0 ? one : other)[Math.floor(i / 2)] as number,
  );
  return Uint32Array.from([...turns, ...one.subarray(turns.length / 2), ...other.subarray(turns.length / 2)]);
}
