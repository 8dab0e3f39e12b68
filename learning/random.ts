/** A generator of numbers in [0, 1), the same for the same seed (mulberry32). */
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

/** `length` float32 numbers from a standard normal distribution (Box, Muller), scaled and moved. */
export function normal(next: () => number, length: number, scale = 1, mean = 0): Float32Array {
  return Float32Array.from(
    { length },
    () => mean + scale * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  );
}

/** `length` float32 numbers, evenly distributed between two. */
export function uniform(next: () => number, length: number, from: number, to: number): Float32Array {
  return Float32Array.from({ length }, () => from + (to - from) * next());
}
