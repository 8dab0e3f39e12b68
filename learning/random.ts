// Random numbers that follow from a seed. Tests rely on the numbers of `generator`, published results on those of `Random` and
// of TensorFlow.js's generators with the seeds below: none of them may change.

/** A generator of numbers in [0, 1) (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `length` float32 numbers from a normal distribution with the deviation `scale` (Box, Muller). */
export function normal(next: () => number, length: number, scale = 1, mean = 0): Float32Array {
  return Float32Array.from(
    { length },
    () => mean + scale * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  );
}

/** `length` float32 numbers, uniformly distributed between `from` and `to`. */
export function uniform(next: () => number, length: number, from: number, to: number): Float32Array {
  return Float32Array.from({ length }, () => from + (to - from) * next());
}

const WARM_UP = 15;

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value;
}

/**
 * A stream of random numbers (sfc32). Streams with the same seed but another purpose or index are independent: the numbers that
 * one part of a program draws do not change those of another part.
 */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  /** @param seed an integer from 0 to 2^32 - 1 @param index an integer from 0 to 2^32 - 1 */
  constructor(seed: number, purpose: string, index = 0) {
    this.a = seed >>> 0;
    this.b = hash(purpose) >>> 0;
    this.c = index >>> 0;
    for (let i = 0; i < WARM_UP; i++) this.next();
  }

  /** In [0, 1). */
  next(): number {
    const sum = (this.a + this.b + this.counter) >>> 0;
    this.a = (this.b ^ (this.b >>> 9)) >>> 0;
    this.b = (this.c + (this.c << 3)) >>> 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) >>> 0;
    this.counter = (this.counter + 1) >>> 0;
    return sum / 2 ** 32;
  }

  /** In [from, to). */
  between(from: number, to: number): number {
    return from + (to - from) * this.next();
  }

  /** An integer in [0, end). */
  integer(end: number): number {
    return Math.floor(end * this.next());
  }

  /** Puts the array itself into a random order, and returns it (Fisher, Yates). */
  shuffle<T extends Uint32Array | unknown[]>(array: T): T {
    for (let i = array.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [array[i], array[j]] = [array[j], array[i]];
    }
    return array;
  }

  /** The integers in [0, count), in a random order. */
  order(count: number): Uint32Array {
    return this.shuffle(Uint32Array.from({ length: count }, (_, i) => i));
  }
}

const TENSORFLOW_SEEDS = 2048;
const FIRST_EPOCH_SEED = 1024;

/** One of the seeds that a run gives to TensorFlow.js. It is never 0, which TensorFlow.js's normal distribution takes for no seed. */
const tensorflowSeed = (runSeed: number, index: number): number => runSeed * TENSORFLOW_SEEDS + index + 1;

/** The seed for the initial weights of a layer. */
export const layerSeed = (runSeed: number, layer: number): number => tensorflowSeed(runSeed, layer);

/** The seed for the order of an epoch's examples. */
export const epochSeed = (runSeed: number, epoch: number): number => tensorflowSeed(runSeed, FIRST_EPOCH_SEED + epoch);
