import { constant, distance, farMixture, farResponsibilities } from "./mixture/far";
import {
  GAIN, INVERSE, KAPPA2, LIMIT, LOG, MEAN, MixtureTable, PULL, REFERENCE, SCALE, SCORE, SLOT, SLOTS, constantOf, exchanged,
  sumOf,
} from "./mixture/table";
import { exp2 } from "./simd/exp2";
import {
  HALVES, VEC, Vec, Wide, add, addWide, any, div, except, get, greater, madd, mul, mulWide, nmadd, put, select, splat,
  splatWide, sub, subWide, where, widen, withHalf,
} from "./simd/vec";
import { walk } from "./simd/walk";

// Gradients of section 1 of spec.md. With u_k = dy τ_k, P_k = u_k (g_k − y) and what table.ts names:
//
//     M_k  = P_k z_k/√v_k − u_k/√(λ_k v_k)            dx = −γ Σ_k M_k
//     dμ_k = γ ΣM_k     dσ²_k = γ (ΣP_k z_k² − ΣP_k − Σu_k g_k)/(2 v_k)     dλ_k = Σ_c γ (ΣP_k − ½ Σu_k g_k)/λ_k
//     dγ   = Σ_k Σu_k g_k     dβ = Σdy
//
// so that four sums a component, and one more, carry all the parameters' gradients. y here is without gamma and beta.

/** Sums: of dy, then of M, P, P t² and u g for each slot. */
const SUMS: u32 = 4;
@inline function sumsOf(components: u32): u32 { return 1 + SUMS * components; }

@unmanaged class Backward {
  visit(at: usize, group: usize, x: usize, dy: usize, dx: usize, stride: usize, rows: u32, weight: Vec): void {
    const table = changetype<MixtureTable>(at);
    const slots = group + SLOTS;
    const end = slots + table.components * SLOT;
    const sums = at + table.scratch + 2 * table.components * VEC;
    const limit = get(group + LIMIT);
    memory.fill(sums, 0, table.sums * VEC);
    let total: Vec = splat(0);
    for (let i: u32 = 0; i < rows; i++) {
      let v = get(x);
      let d = get(dy);
      let t0 = mul(sub(v, get(slots + MEAN)), get(slots + INVERSE));
      let square = mul(t0, t0);
      const out = greater(square, limit);
      const isFar = any(out);
      if (isFar) {
        far(table, group, v, where(out, d), dx);
        v = select(get(slots + MEAN), v, out);
        d = except(d, out);
        t0 = except(t0, out);
        square = except(square, out);
      }
      total = add(total, d);

      // Exponentials and distances of all components, then the mixture.
      let kept = at + table.scratch;
      put(kept, splat(1));
      put(kept + VEC, t0);
      let density: Vec = splat(1);
      let sum = mul(t0, get(slots + GAIN));
      for (let slot = slots + SLOT; slot < end; slot += SLOT) {
        kept += 2 * VEC;
        const t = mul(sub(v, get(slot + MEAN)), get(slot + INVERSE));
        const e = exp2(nmadd(t, t, add(get(slot + LOG), square)));
        density = add(density, e);
        sum = madd(e, mul(t, get(slot + GAIN)), sum);
        put(kept, e);
        put(kept + VEC, t);
      }
      const one = div(splat(1), density);
      const y = mul(sum, one);
      const w = mul(d, one);

      // Gradients.
      kept = at + table.scratch;
      let s = sums;
      let pull: Vec = splat(0);
      for (let slot = slots; slot < end; slot += SLOT) {
        const t = get(kept + VEC);
        const u = mul(get(kept), w);
        const g = mul(t, get(slot + GAIN));
        const p = mul(u, sub(g, y));
        const pt = mul(p, t);
        const m = nmadd(u, get(slot + PULL), mul(pt, get(slot + SCORE)));
        pull = sub(pull, m);
        put(s, add(get(s), m));
        put(s + VEC, add(get(s + VEC), p));
        put(s + 2 * VEC, madd(pt, t, get(s + 2 * VEC)));
        put(s + 3 * VEC, madd(u, g, get(s + 3 * VEC)));
        s += SUMS * VEC;
        kept += 2 * VEC;
      }
      const r = mul(pull, get(group + SCALE));
      put(dx, isFar ? select(get(dx), r, out) : r);
      x += stride;
      dy += stride;
      dx += stride;
    }

    const wide = group + table.sumsAt;
    addTo(wide, total);
    for (let i: u32 = 1; i < table.sums; i++) addTo(wide + i * HALVES * VEC, get(sums + (i - 1) * VEC));
  }
}

/** Adds a vector to a float64 sum. */
@inline function addTo(sum: usize, v: Vec): void {
  for (let half: u32 = 0; half < HALVES; half++) addWideTo(sum, half, widen(v, half));
}

@inline function addWideTo(sum: usize, half: u32, w: Wide): void {
  put(sum + half * VEC, addWide(get(sum + half * VEC), w));
}

/** The same in float64 for activations far from their reference (see mixture/table.ts); dy is zero for the others. */
function far(table: MixtureTable, group: usize, x: Vec, dy: Vec, dx: usize): void {
  const tau = changetype<usize>(table) + table.scratch;
  const wide = group + table.sumsAt;
  let r: Vec = splat(0);
  for (let half: u32 = 0; half < HALVES; half++) {
    const v = widen(x, half);
    const d = widen(dy, half);
    farResponsibilities(table, group, v, half, tau);
    const y = farMixture(table, group, v, half, tau);
    let pull: Wide = splatWide(0);
    addWideTo(wide, half, d);
    let sum = wide + HALVES * VEC;
    for (let k: u32 = 0; k < table.components; k++) {
      const t = distance(group, k, v, half);
      const u = mulWide(d, get(tau + k * VEC));
      const g = mulWide(t, constant(group, k, GAIN, half));
      const p = mulWide(u, subWide(g, y));
      const pt = mulWide(p, t);
      const m = subWide(mulWide(pt, constant(group, k, SCORE, half)), mulWide(u, constant(group, k, PULL, half)));
      pull = subWide(pull, m);
      addWideTo(sum, half, m);
      addWideTo(sum + HALVES * VEC, half, p);
      addWideTo(sum + 2 * HALVES * VEC, half, mulWide(pt, t));
      addWideTo(sum + 3 * HALVES * VEC, half, mulWide(u, g));
      sum += SUMS * HALVES * VEC;
    }
    r = withHalf(r, half, mulWide(pull, widen(get(group + SCALE), half)));
  }
  put(dx, r);
}

/** How many sums uan_backward wants in its table. */
export function uan_backward_sums(components: u32): u32 { return sumsOf(components); }

/**
 * dx of `count` activations, from the `start`-th of their tensor on; adds to the table's sums.
 *
 * @param at a table with gains as they are and uan_backward_sums
 * @param x, dy, dx float32 [count], dx not overlapping the others
 */
export function uan_backward(at: usize, x: usize, dy: usize, dx: usize, start: u32, count: u32): void {
  walk<Backward>(changetype<MixtureTable>(at), x, dy, dx, 4, start, count);
}

/**
 * The parameters' gradients out of the sums.
 *
 * @param dmean, dvariance float32 [components, channels]
 * @param dprior float32 [components]
 * @param dgamma, dbeta float32 [channels]
 */
export function uan_backward_finish(at: usize, dmean: usize, dvariance: usize, dprior: usize, dgamma: usize, dbeta: usize): void {
  const table = changetype<MixtureTable>(at);
  const channels = table.channels;
  for (let c: u32 = 0; c < channels; c++) {
    store<f32>(dbeta + (<usize>c << 2), <f32>sumOf(table, c, 0));
    let sum: f64 = 0;
    for (let k: u32 = 0; k < table.components; k++) sum += sumOf(table, c, SUMS * k + 4);
    store<f32>(dgamma + (<usize>c << 2), <f32>sum);
  }
  for (let k: u32 = 0; k < table.components; k++) {
    let sum: f64 = 0;
    for (let c: u32 = 0; c < channels; c++) {
      const slot = exchanged(k, <u32>constantOf(table, c, REFERENCE));
      const scale = <f64>constantOf(table, c, SCALE);
      const inverse = <f64>constantOf(table, c, SLOTS + slot * SLOT + INVERSE);
      const gain = <f64>constantOf(table, c, SLOTS + slot * SLOT + GAIN);
      const first = 1 + SUMS * slot;
      const p = sumOf(table, c, first + 1);
      const ug = sumOf(table, c, first + 3);
      const at = <usize>(k * channels + c) << 2;
      store<f32>(dmean + at, <f32>(scale * sumOf(table, c, first)));
      // 1/v = inverse²/κ² and 1/λ = κ² gain²
      const variance = (sumOf(table, c, first + 2) / KAPPA2 - p - ug) * inverse * inverse / (2 * KAPPA2);
      store<f32>(dvariance + at, <f32>(scale * variance));
      sum += scale * (p - 0.5 * ug) * KAPPA2 * gain * gain;
    }
    store<f32>(dprior + (<usize>k << 2), <f32>sum);
  }
}
