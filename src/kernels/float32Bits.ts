const BITS = new Uint32Array(1);
const NUMBER = new Float32Array(BITS.buffer);

/** The bits of the float32 nearest to a number. */
export function float32Bits(value: number): number {
  NUMBER[0] = value;
  return BITS[0] as number;
}
