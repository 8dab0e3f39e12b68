import { responsibilities } from "./mixture/responsibilities";
import { MixtureTable, REFERENCE } from "./mixture/table";
import { LANES, loadVec, splat, VEC, Vec } from "./simd/vec";
import { walk } from "./simd/walk";

@unmanaged
class ResponsibilitiesApply {
  visit(at: usize, laneBlock: usize, x: usize, _b: usize, out: usize, stride: usize, rows: u32, _weight: Vec): void {
    const table = changetype<MixtureTable>(at);
    const components = table.components;
    for (let i: u32 = 0; i < rows; i++) {
      responsibilities(table, laneBlock, loadVec(x), splat(1));
      let q = out;
      for (let lane: usize = 0; lane < LANES; lane++) {
        const first = at + table.scratch + (lane << 2);
        const reference = first + <u32>load<f32>(laneBlock + REFERENCE + (lane << 2)) * VEC;
        // The reference and component 0 are exchanged: one is written where the other is read.
        for (let k: u32 = 0; k < components; k++, q += 4) {
          const slot = first + k * VEC;
          store<f32>(q, load<f32>(k == 0 ? reference : slot == reference ? first : slot));
        }
      }
      x += stride;
      out += stride * components;
    }
  }
}

/**
 * τ_k (docs/math.md, section 3) of `count` activations, from number `start` of their tensor on.
 *
 * @param at a table; it needs no accumulators
 * @param x float32 [count]
 * @param out float32 [count, components], not overlapping x
 */
export function mixture_responsibilities_apply(at: usize, x: usize, out: usize, start: u32, count: u32): void {
  const table = changetype<MixtureTable>(at);
  walk<ResponsibilitiesApply>(table, x, 0, out, 4 * table.components, start, count);
}
