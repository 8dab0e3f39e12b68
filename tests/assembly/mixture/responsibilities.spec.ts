import { responsibilities } from "../../../assembly/mixture/responsibilities";
import { exchanged, MixtureTable, REFERENCE } from "../../../assembly/mixture/table";
import { LANES, VEC } from "../../../assembly/simd/vec";
import { channelOf, laneBlockAt } from "../../../assembly/simd/walk";
import { Problem } from "../problem";
import { getAt, lane, vec, worse } from "../support";

let problem: Problem = Problem.of([0], [1]);

/** Responsibility of component k in a lane of the first lane block. */
function tauOf(k: u32, i: u32): f32 {
  const table = changetype<MixtureTable>(problem.table);
  const slot = exchanged(k, <u32>getAt(laneBlockAt(table, 0) + REFERENCE, i));
  return getAt(problem.table + table.scratch + slot * VEC, i);
}

function solve(v: v128, weight: v128): void {
  const table = changetype<MixtureTable>(problem.table);
  responsibilities(table, laneBlockAt(table, 0), v, weight);
}

describe("responsibilities", () => {
  it("are those of float64 formulas to 1e-5, near and far lanes in one vector, and sum to 1 within 1e-6", () => {
    let worst: f64 = 0;
    let worstSum: f64 = 0;
    const ones = f32x4.splat(1);
    for (let components: u32 = 1; components <= 5; components++) {
      problem = new Problem(4, 1, components, components);
      problem.prepare(0, true);
      const table = changetype<MixtureTable>(problem.table);
      for (let far: f32 = 10; far < 3e38; far *= 1e3) {
        for (let x: f32 = -4; x < 4; x += 0.37) {
          const v = vec(x, -far, x * 0.5, far);
          solve(v, ones);
          for (let i: u32 = 0; i < LANES; i++) {
            let sum: f64 = 0;
            for (let k: u32 = 0; k < components; k++) {
              sum += tauOf(k, i);
              const error = Math.abs(<f64>tauOf(k, i) - problem.tau(k, channelOf(table, 0, i), lane(v, i)));
              worst = worse(worst, error);
            }
            const error = Math.abs(sum - 1);
            worstSum = worse(worstSum, error);
          }
        }
      }
      expect<bool>(problem.drop()).toBe(true, "written outside of the table");
    }
    expect<f64>(worst).toBeLessThan(1e-5);
    expect<f64>(worstSum).toBeLessThan(1e-6);
  });

  it("are exactly 1 with one component, near and far", () => {
    problem = Problem.of([3], [0.01]);
    problem.prepare(0, true);
    solve(vec(3, -1e6, 1e20, 3e38), f32x4.splat(1));
    for (let i: u32 = 0; i < LANES; i++) expect<f32>(tauOf(0, i)).toBe(1);
    problem.drop();
  });

  it("are exactly 0 in lanes of weight 0, near and far, and unchanged in the others", () => {
    problem = new Problem(4, 1, 3, 9);
    problem.prepare(0, true);
    const v = vec(0.5, 1e9, 0, -1e9);
    solve(v, f32x4.splat(1));
    const expected = new StaticArray<f32>(12);
    for (let k: u32 = 0; k < 3; k++) for (let i: u32 = 0; i < LANES; i++) expected[k * 4 + i] = tauOf(k, i);
    solve(v, vec(1, 0, 0, 1));
    for (let k: u32 = 0; k < 3; k++) {
      for (let i: u32 = 0; i < LANES; i++) expect<f32>(tauOf(k, i)).toBe(i == 1 || i == 2 ? 0 : expected[k * 4 + i]);
    }
    problem.drop();
  });

  it("are NaN for NaN and infinite activations, in all of their lane and in no other", () => {
    const bad: f32[] = [NaN, Infinity, -Infinity];
    for (let components: u32 = 1; components <= 3; components++) {
      problem = new Problem(4, 1, components, 2);
      problem.prepare(0, true);
      for (let b = 0; b < bad.length; b++) {
        for (let at: u32 = 0; at < LANES; at++) {
          solve(vec(at == 0 ? bad[b] : 0, at == 1 ? bad[b] : 0, at == 2 ? bad[b] : 0, at == 3 ? bad[b] : 0), f32x4.splat(1));
          for (let k: u32 = 0; k < components; k++) {
            for (let i: u32 = 0; i < LANES; i++) {
              if (i == at) expect<f32>(tauOf(k, i)).toBeNaN(bad[b].toString());
              else expect<f32>(tauOf(k, i)).toBeFinite(bad[b].toString());
            }
          }
        }
      }
      problem.drop();
    }
  });
});
