const WARM_UP = 15;

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value;
}

/**
 * Random numbers, the same for the same seed (sfc32). Generators of one seed for other purposes, or other indices, are
 * independent of each other: what one program part draws changes nothing for the others.
 */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  /** @param seed a whole number from 0, below 2^32, and so is the index */
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

  /** A whole number from 0, below `end`. */
  integer(end: number): number {
    return Math.floor(end * this.next());
  }

  /** Brings an array into a random order, in place (Fisher, Yates). */
  shuffle<T extends Uint32Array | unknown[]>(array: T): T {
    for (let i = array.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [array[i], array[j]] = [array[j], array[i]];
    }
    return array;
  }

  /** The numbers from 0, below `count`, in a random order. */
  order(count: number): Uint32Array {
    return this.shuffle(Uint32Array.from({ length: count }, (_, i) => i));
  }
}
