import { add, gt, loadSplat, loadVec, max, min, mul, select, splat, storeVec, VEC, Vec } from "../simd/vec";
import { MatMulPlan, PRELU, RELU, RELU6 } from "./plan";

/** Adds the bias, if there is one, to rows of c, and applies the activation. */
export function finish(plan: MatMulPlan, c: usize, rows: u32, bias: usize, slopes: usize): void {
  const bytes = (<usize>plan.columns) << 2;
  for (let i: u32 = 0; i < rows; i++, c += plan.cRow, slopes += plan.slopesRow) {
    let q: usize = 0;
    for (; q + VEC <= bytes; q += VEC) {
      let x = loadVec(c + q);
      if (bias != 0) x = add(x, along(bias, q, plan.biasColumn));
      storeVec(c + q, activate(plan.activation, x, along(slopes, q, plan.slopesColumn)));
    }
    for (; q < bytes; q += 4) {
      let x = load<f32>(c + q);
      if (bias != 0) x += load<f32>(plan.biasColumn == 0 ? bias : bias + q);
      store<f32>(c + q, activateNumber(plan.activation, x, load<f32>(plan.slopesColumn == 0 ? slopes : slopes + q)));
    }
    if (bias != 0) bias += plan.biasRow;
  }
}

/** The numbers of a row, or its only one. */
@inline function along(row: usize, q: usize, step: u32): Vec {
  return step == 0 ? loadSplat(row) : loadVec(row + q);
}

@inline export function activate(activation: u32, x: Vec, slope: Vec): Vec {
  if (activation == RELU) return max(x, splat(0));
  if (activation == RELU6) return min(max(x, splat(0)), splat(6));
  if (activation == PRELU) return select(mul(x, slope), x, gt(splat(0), x));
  return x;
}

@inline function activateNumber(activation: u32, x: f32, slope: f32): f32 {
  if (activation == RELU) return f32.max(x, 0);
  if (activation == RELU6) return f32.min(f32.max(x, 0), 6);
  if (activation == PRELU) return x < 0 ? x * slope : x;
  return x;
}
