import { ACCUMULATOR } from "../mixture/table";

// Gradients of Unsupervised Adaptive Normalization (docs/math.md, section 2.2). y is without gamma and beta here. With
// u_k = dy τ_k, P_k = u_k (g_k − y), and the names of mixture/table.ts:
//
//     M_k  = γ (u_k/√(λ_k v_k) − P_k z_k/√v_k)        dx = Σ_k M_k
//     dμ_k = −ΣM_k    dσ²_k = γ (ΣP_k z_k² − ΣP_k − Σu_k g_k)/(2 v_k)     dλ_k = Σ_c γ (ΣP_k − ½ Σu_k g_k)/λ_k
//     dγ   = Σ_k Σu_k g_k     dβ = Σdy
//
// So the gradients of all parameters follow from four sums for each component, and one more. As Σ_k P_k = 0, no sum of P is
// needed for the reference. The formula "ucb" has the same sums: there dσ²_k is without −ΣP_k, and dλ_k is 0.

/** Bytes from a lane block's accumulators to those of slot 0. Before these is Σdy. */
export const OF_SLOTS: usize = ACCUMULATOR;
/** Bytes from a slot's accumulators to ΣM, ΣP (not in slot 0), ΣP t² and Σu g. */
export const OF_M: usize = 0;
export const OF_P: usize = 1 * ACCUMULATOR;
export const OF_PTT: usize = 2 * ACCUMULATOR;
export const OF_UG: usize = 3 * ACCUMULATOR;
/** The number of a slot's accumulators, and their bytes. */
const SLOT_ACCUMULATORS: u32 = 4;
export const OF_SLOT: usize = SLOT_ACCUMULATORS * ACCUMULATOR;

/** The number of accumulators in the table of uan_grad_apply. */
export function uan_grad_accumulator_count(slots: u32): u32 {
  return 1 + SLOT_ACCUMULATORS * slots;
}
