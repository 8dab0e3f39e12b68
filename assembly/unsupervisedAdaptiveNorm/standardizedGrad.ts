import { KAPPA2 } from "../constants";
import { SCALE as GAMMA, laneOf, MEAN, mixture_merge, REFERENCE, SLOT, SLOTS, totalsOf } from "../mixture/table";
import { storeApplyConstants } from "../normalization/apply";
import { storePull } from "../normalization/grad";
import { massOf } from "../normalization/shrink";
import { APPLY_CONSTANTS, elementOf, GRAD_CONSTANTS, NormTable, SCALE, spreadConstants } from "../normalization/table";
import { walk } from "../simd/walk";
import { OF_M, OF_PTT, OF_SLOT, OF_SLOTS, OF_UG } from "./accumulators";
import { GradApply } from "./grad";
import { uan_grad_finalize } from "./gradFinalize";
import { adaptMixture, mixtureBehind } from "./standardized";

// Gradients of Unsupervised Adaptive Normalization of standardized activations (docs/math.md, section 2.5). The mixture is that of
// d = x − CENTER (see standardized.ts). With h, the gradient of d by itself, N, the number of activations and the prior's mass, and
// z = (d − e)/s,
//
//     dx = h − Σh/N − z/s Σhd°/N      Σhd° = Σh (d − e)
//
// The first pass stores h in dx; norm_grad_apply then takes it for dy. The sums need no accumulators of their own. As
// d = m_k + t_k/i_k for every k, with the table's mean m_k and inverse i_k,
//
//     Σh = Σ_k ΣM_k      Σhd = Σ_k ( m_k ΣM_k + γ (Σu_k g_k − ΣP_k z_k²) )

/**
 * Stores the constants of uan_standardized_grad_apply.
 *
 * @param at a table as uan_standardized_prepare made it
 * @param standard float32 [STANDARD_ROWS, channels], as uan_standardized_finalize made it
 */
export function uan_standardized_grad_prepare(at: usize, standard: usize): void {
  const table = changetype<NormTable>(at);
  const row = (<usize>table.channels) << 2;
  // Without activations the moments are NaN.
  if (!table.size) return;
  for (let c: u32 = 0; c < table.channels; c++) {
    const i = (<usize>c) << 2;
    const mean = <f64>load<f32>(standard + i) + <f64>load<f32>(standard + 2 * row + i);
    storeApplyConstants(table, c, mean, <f64>load<f32>(standard + row + i));
  }
  spreadConstants(table, APPLY_CONSTANTS);
  adaptMixture(at);
}

/**
 * The gradient of `count` standardized activations, from number `start` of their tensor on. Adds to the accumulators.
 *
 * @param at a table with uan_grad_accumulator_count accumulators, made without `fold`, after uan_standardized_grad_prepare
 * @param x, dy, dz float32 [count], dz not overlapping the others
 */
export function uan_standardized_grad_apply(at: usize, x: usize, dy: usize, dz: usize, start: u32, count: u32): void {
  walk<GradApply>(mixtureBehind(at), x, dy, dz, 4, start, count);
}

/**
 * Adds the accumulators of another table.
 *
 * @param at, other tables of the same tensor after uan_standardized_grad_apply
 */
export function uan_standardized_grad_merge(at: usize, other: usize): void {
  mixture_merge(changetype<usize>(mixtureBehind(at)), changetype<usize>(mixtureBehind(other)));
}

/**
 * The gradients of the parameters, out of the accumulators. Stores the constants of norm_grad_apply.
 *
 * @param at a table after uan_standardized_grad_apply
 * @param standard float32 [STANDARD_ROWS, channels], as uan_standardized_finalize made it
 * @param dmean, dvariance float32 [components, channels]
 * @param dprior float32 [components]
 * @param dgamma, dbeta float32 [channels]
 */
export function uan_standardized_grad_finalize(
  at: usize,
  standard: usize,
  dmean: usize,
  dvariance: usize,
  dprior: usize,
  dgamma: usize,
  dbeta: usize,
): void {
  const table = changetype<NormTable>(at);
  const mixture = mixtureBehind(at);
  uan_grad_finalize(changetype<usize>(mixture), dmean, dvariance, dprior, dgamma, dbeta);
  const row = (<usize>table.channels) << 2;
  const n = <f64>(table.size / table.groups) + massOf(standard + 5 * row);
  for (let c: u32 = 0; c < table.channels; c++) {
    const i = (<usize>c) << 2;
    const r: f64 = table.size ? 1 / Math.sqrt(<f64>load<f32>(standard + row + i) + table.epsilon) : 1;
    const lost = <f64>load<f32>(standard + 2 * row + i);
    const lane = laneOf(mixture, c);
    const gamma = <f64>load<f32>(lane + GAMMA);
    let ofSlot = totalsOf(mixture, c) + OF_SLOTS;
    let sumH: f64 = 0;
    let sumHd: f64 = 0;
    for (let slot: u32 = 0; slot < mixture.slots; slot++) {
      const sumM = load<f64>(ofSlot + OF_M);
      sumH += sumM;
      // The component of ε has no part in the output.
      if (!isEpsilon(mixture.components, slot, lane)) {
        sumHd += <f64>load<f32>(lane + SLOTS + slot * SLOT + MEAN) * sumM;
        sumHd += gamma * (load<f64>(ofSlot + OF_UG) - load<f64>(ofSlot + OF_PTT) / KAPPA2);
      }
      ofSlot += OF_SLOT;
    }
    store<f32>(elementOf(table, SCALE, c), 1);
    storePull(table, c, n, r, lost, sumH / r, sumHd - lost * sumH);
    // From the mixture of d to that of z.
    for (let k: u32 = 0; k < mixture.components; k++) {
      const j = (<usize>(k * table.channels + c)) << 2;
      store<f32>(dmean + j, <f32>(<f64>load<f32>(dmean + j) / r));
      store<f32>(dvariance + j, <f32>(<f64>load<f32>(dvariance + j) / (r * r)));
    }
  }
  spreadConstants(table, GRAD_CONSTANTS);
}

/** Whether a slot has the component of ε. */
@inline function isEpsilon(components: u32, slot: u32, lane: usize): bool {
  return slot == 0 && <u32>load<f32>(lane + REFERENCE) == components;
}
