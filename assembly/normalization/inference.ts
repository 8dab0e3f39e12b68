import {
  addWide,
  divWide,
  HALVES,
  loadVec,
  madd,
  mulWide,
  splat,
  splatWide,
  sqrtWide,
  storeVec,
  sub,
  VEC,
  Vec,
  widen,
  withHalf,
} from "../simd/vec";

// Normalization by a given mean and variance without a table: y = γ r (x − E) + β, with r = 1/√(Var + ε). The constants of a channel
// are computed where they are used. That is worth it where only a few rows share them.

/** γ/√(Var + ε), in float64. */
@inline function scaleOf(variance: Vec, gamma: Vec, epsilon: f64): Vec {
  let scale = splat(0);
  for (let half: u32 = 0; half < HALVES; half++) {
    const r = divWide(splatWide(1), sqrtWide(addWide(widen(variance, half), splatWide(epsilon))));
    scale = withHalf(scale, half, mulWide(widen(gamma, half), r));
  }
  return scale;
}

/**
 * y of all rows of x.
 *
 * @param x, y float32 [rows, channels], not overlapping
 * @param mean, variance float32 [channels]
 * @param gamma, beta float32 [channels], or 0: ones, zeros
 */
export function norm_inference_apply(
  x: usize,
  mean: usize,
  variance: usize,
  gamma: usize,
  beta: usize,
  y: usize,
  rows: u32,
  channels: u32,
  epsilon: f64,
): void {
  const rowBytes = (<usize>channels) << 2;
  const end = rows * rowBytes;
  let c: usize = 0;
  for (; c + VEC <= rowBytes; c += VEC) {
    const center = loadVec(mean + c);
    const scale = scaleOf(loadVec(variance + c), gamma ? loadVec(gamma + c) : splat(1), epsilon);
    const offset = beta ? loadVec(beta + c) : splat(0);
    for (let i = c; i < end; i += rowBytes) storeVec(y + i, madd(sub(loadVec(x + i), center), scale, offset));
  }
  for (; c < rowBytes; c += 4) {
    const center = load<f32>(mean + c);
    const r = 1 / Math.sqrt(<f64>load<f32>(variance + c) + epsilon);
    const scale = <f32>((gamma ? <f64>load<f32>(gamma + c) : 1) * r);
    const offset = beta ? load<f32>(beta + c) : <f32>0;
    for (let i = c; i < end; i += rowBytes) store<f32>(y + i, (load<f32>(x + i) - center) * scale + offset);
  }
}
