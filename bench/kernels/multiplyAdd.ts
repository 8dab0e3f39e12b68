// @ts-nocheck AssemblyScript: TypeScript does not know its types.

/**
 * y = a·x + b in float32. Unrolling by four vectors is not faster.
 *
 * @param a `period` factors, which repeat
 * @param b `period` summands, which repeat
 * @param count the number of values of x and y
 */
export function multiply_add(x: usize, y: usize, a: usize, b: usize, period: usize, count: usize): void {
  const end = x + count * 4;
  while (x < end) {
    const stop = min(x + period * 4, end);
    let offset: usize = 0;
    for (; x + 16 <= stop; x += 16, y += 16, offset += 16) {
      v128.store(y, f32x4.add(f32x4.mul(v128.load(x), v128.load(a + offset)), v128.load(b + offset)));
    }
    for (; x < stop; x += 4, y += 4, offset += 4) {
      store<f32>(y, load<f32>(x) * load<f32>(a + offset) + load<f32>(b + offset));
    }
  }
}
