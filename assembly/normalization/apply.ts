import { loadVec, madd, storeVec, sub, VEC, Vec } from "../simd/vec";
import { walk } from "../simd/walk";
import { momentsOf, storeMoments } from "./moments";
import {
  APPLY_CONSTANTS,
  BETA,
  CENTER,
  elementOf,
  GAMMA,
  MIN_VISIT_ROWS,
  NormTable,
  OFFSET,
  SCALE,
  spreadConstants,
} from "./table";

// y = γ r (x − E) + β, with r = 1/√(Var + ε) of the channel's group: y = SCALE (x − CENTER) + OFFSET.

@unmanaged
class Apply {
  visit(_at: usize, laneBlock: usize, x: usize, _b: usize, y: usize, stride: usize, rows: u32, _weight: Vec): void {
    const center = loadVec(laneBlock + CENTER * VEC);
    const scale = loadVec(laneBlock + SCALE * VEC);
    const offset = loadVec(laneBlock + OFFSET * VEC);
    for (let i: u32 = 0; i < rows; i++) {
      storeVec(y, madd(sub(loadVec(x), center), scale, offset));
      x += stride;
      y += stride;
    }
  }
}

/** Stores the constants of a group's channels. */
export function storeApplyConstants(table: NormTable, group: u32, mean: f64, variance: f64): void {
  const channels = table.channels / table.groups;
  const r = 1 / Math.sqrt(variance + table.epsilon);
  const center = <f32>mean;
  for (let c = group * channels; c < (group + 1) * channels; c++) {
    const scale = <f64>load<f32>(elementOf(table, GAMMA, c)) * r;
    store<f32>(elementOf(table, CENTER, c), center);
    store<f32>(elementOf(table, SCALE, c), <f32>scale);
    // OFFSET makes up for the rounding of the mean, which matters if the mean is large beside the deviation. If it is exact, an
    // infinite scale must not make NaN of it.
    const rounding = <f64>center - mean;
    const beta = <f64>load<f32>(elementOf(table, BETA, c));
    store<f32>(elementOf(table, OFFSET, c), <f32>(rounding == 0 ? beta : beta + scale * rounding));
  }
}

/**
 * Stores the constants of norm_apply for a given mean and variance.
 *
 * @param at a table as norm_prepare made it
 * @param mean, variance float32 [groups]
 */
export function norm_inference_prepare(at: usize, mean: usize, variance: usize): void {
  const table = changetype<NormTable>(at);
  for (let group: u32 = 0; group < table.groups; group++) {
    storeApplyConstants(
      table,
      group,
      <f64>load<f32>(mean + ((<usize>group) << 2)),
      <f64>load<f32>(variance + ((<usize>group) << 2)),
    );
  }
  spreadConstants(table, APPLY_CONSTANTS);
}

/**
 * Mean and variance of every group of a slice, out of the accumulators of norm_moments_accumulate. Stores the constants of
 * norm_apply for them.
 *
 * @param at a table after norm_moments_accumulate
 * @param mean, variance float32 [groups]
 * @param residual float32 [groups]: what the mean lost when it was rounded to float32
 */
export function norm_moments_finalize(at: usize, mean: usize, variance: usize, residual: usize): void {
  const table = changetype<NormTable>(at);
  for (let group: u32 = 0; group < table.groups; group++) {
    momentsOf(table, group);
    storeMoments(table, mean + ((<usize>group) << 2), variance + ((<usize>group) << 2), residual + ((<usize>group) << 2));
    storeApplyConstants(table, group, table.mean, table.variance);
  }
  spreadConstants(table, APPLY_CONSTANTS);
}

/**
 * y of `count` numbers, from number `start` of their slice on.
 *
 * @param at a table after norm_moments_finalize, norm_shrink_finalize or norm_inference_prepare
 * @param x, y float32 [count], not overlapping
 */
export function norm_apply(at: usize, x: usize, y: usize, start: u32, count: u32): void {
  walk<Apply>(changetype<NormTable>(at), x, 0, y, 4, start, count, MIN_VISIT_ROWS);
}
