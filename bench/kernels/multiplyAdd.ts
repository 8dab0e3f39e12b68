// @ts-nocheck AssemblyScript: TypeScript does not know its types.

/**
 * y = a·x + b in float32. Four vectors at a time are not faster.
 *
 * @param a numbers that x is multiplied with in turn, `period` of them
 * @param b numbers that are added in turn, as many
 * @param count of the numbers of x and y
 */
export function multiply_add(x: usize, y: usize, a: usize, b: usize, period: usize, count: usize): void {
  const end = x + count * 4;
  while (x < end) {
    const stop = min(x + period * 4, end);
    let at: usize = 0;
    for (; x + 16 <= stop; x += 16, y += 16, at += 16) {
      v128.store(y, f32x4.add(f32x4.mul(v128.load(x), v128.load(a + at)), v128.load(b + at)));
    }
    for (; x < stop; x += 4, y += 4, at += 4) {
      store<f32>(y, load<f32>(x) * load<f32>(a + at) + load<f32>(b + at));
    }
  }
}
