import { mixtureOutOfRange, responsibilitiesOutOfRange } from "../../../assembly/mixture/outOfRange";
import { exchanged, MixtureTable, REFERENCE } from "../../../assembly/mixture/table";
import { loadWide, WIDE } from "../../../assembly/simd/vec";
import { laneBlockAt } from "../../../assembly/simd/walk";
import { constantOf, Problem } from "../problem";
import { free, intact, laneWide, room, vecWide } from "../support";

const FAR: f64[] = [1e3, 1e6, 1e12, 1e20, 3e38];

let problem: Problem = Problem.of([0], [1]);
let tau: usize = 0;
let y: v128 = f64x2.splat(0);

/** Computes responsibilities and mixture of two activations, of a problem with one channel. */
function solve(a: f64, b: f64, half: u32 = 0): void {
  const table = changetype<MixtureTable>(problem.table);
  responsibilitiesOutOfRange(table, laneBlockAt(table, 0), vecWide(a, b), half, tau);
  y = mixtureOutOfRange(table, laneBlockAt(table, 0), vecWide(a, b), half, tau);
}

/** Responsibility of component k for the i-th activation. */
function tauOf(k: u32, i: u32): f64 {
  return laneWide(loadWide(tau + exchanged(k, <u32>constantOf(changetype<MixtureTable>(problem.table), 0, REFERENCE)) * WIDE), i);
}

function open(opened: Problem): void {
  problem = opened;
  problem.prepare(0, true, false);
  tau = room(problem.slots * WIDE);
}

/** Frees what open allocated, and checks that nothing was written outside of it. */
function close(): void {
  expect<bool>(intact(tau, problem.slots * WIDE)).toBe(true, "written outside of the responsibilities");
  expect<bool>(problem.drop()).toBe(true, "written outside of the table");
  free(tau);
}

/** Checks that component k has all responsibility for x, and that y is its g, to float32 accuracy. */
function expectAll(k: u32, x: f64): void {
  solve(x, 0);
  for (let j: u32 = 0; j < problem.components; j++) {
    if (j == k) expect<f64>(tauOf(j, 0)).toBe(1, x.toString());
    else expect<f64>(tauOf(j, 0)).toBeLessThan(1e-300, x.toString());
  }
  expect<f64>(laneWide(y, 0) / problem.g(k, 0, x)).toBeGreaterThan(1 - 5e-7, x.toString());
  expect<f64>(laneWide(y, 0) / problem.g(k, 0, x)).toBeLessThan(1 + 5e-7, x.toString());
}

describe("responsibilitiesOutOfRange", () => {
  it("are those of float64 formulas to 1e-5 where several components share an activation, and y to 1e-5·(1 + |y|)", () => {
    let worst: f64 = 0;
    for (let components: u32 = 1; components <= 5; components++) {
      open(new Problem(1, 1, components, components));
      for (let x: f64 = -6; x <= 6; x += 0.03) {
        solve(x, -x, 1);
        for (let i: u32 = 0; i < 2; i++) {
          const at = i ? -x : x;
          for (let k: u32 = 0; k < components; k++) worst = max(worst, Math.abs(tauOf(k, i) - problem.tau(k, 0, at)));
          worst = max(worst, Math.abs(laneWide(y, i) - problem.y(0, at)) / (1 + Math.abs(problem.y(0, at))));
        }
      }
      close();
    }
    expect<f64>(worst).toBeLessThan(1e-5);
  });

  it("sum to 1 within 1e-15, far and near", () => {
    for (let components: u32 = 1; components <= 5; components++) {
      open(new Problem(1, 1, components, components));
      for (let x: f64 = 1e-3; x < 4e38; x *= 1.7) {
        solve(x, -x);
        for (let i: u32 = 0; i < 2; i++) {
          let sum: f64 = 0;
          for (let k: u32 = 0; k < components; k++) {
            expect<f64>(tauOf(k, i)).toBeGreaterThanOrEqual(0, x.toString());
            sum += tauOf(k, i);
          }
          expect<f64>(Math.abs(sum - 1)).toBeLessThan(1e-15, x.toString());
        }
      }
      close();
    }
  });

  it("give the widest component all, on either side, up to the largest float32", () => {
    for (let k: u32 = 0; k < 3; k++) {
      const variance: f32[] = [0.5, 0.5, 0.5];
      variance[k] = 0.6;
      open(Problem.of([-1, 0, 1], variance));
      for (let i = 0; i < FAR.length; i++) {
        expectAll(k, FAR[i]);
        expectAll(k, -FAR[i]);
      }
      close();
    }
  });

  it("give the component of nearest mean all where variances are equal, up to 1e12", () => {
    open(Problem.of([1, -1, 0], [0.5, 0.5, 0.5]));
    for (let i = 0; FAR[i] <= 1e12; i++) {
      expectAll(0, FAR[i]);
      expectAll(1, -FAR[i]);
    }
    close();
  });

  it('give ε all under the formula "ucb", and y is 0, up to the largest float32', () => {
    const problem = Problem.of([1, -1, 0], [0.5, 0.1, 2]);
    problem.ucb = true;
    open(problem);
    for (let i = 0; i < FAR.length; i++) {
      solve(FAR[i], -FAR[i]);
      for (let half: u32 = 0; half < 2; half++) {
        for (let k: u32 = 0; k < 3; k++) expect<f64>(tauOf(k, half)).toBeLessThan(1e-300, FAR[i].toString());
        expect<f64>(tauOf(3, half)).toBe(1, FAR[i].toString());
        expect<f64>(Math.abs(laneWide(y, half))).toBeLessThan(1e-200, FAR[i].toString());
      }
    }
    close();
  });

  it("are finite for every finite activation, whatever the variances, priors and formula", () => {
    const epsilons: f32[] = [0, 0, 1e-28];
    for (let formula = 0; formula < 3; formula++) {
      const extremes = Problem.of([-3e38, 0, 3e38, 1], [0, 3e38, 1e-20, 0]);
      extremes.epsilon = epsilons[formula];
      extremes.ucb = formula > 0;
      extremes.prior[2] = 0;
      open(extremes);
      for (let x: f64 = 1e-38; x < 4e38; x *= 9.7) {
        solve(min<f64>(x, f32.MAX_VALUE), -min<f64>(x, f32.MAX_VALUE));
        for (let i: u32 = 0; i < 2; i++) {
          for (let k: u32 = 0; k < extremes.slots; k++) expect<f64>(tauOf(k, i)).toBeFinite(x.toString());
          expect<f64>(laneWide(y, i)).toBeFinite(x.toString());
        }
      }
      close();
    }
  });

  it("are NaN for NaN and for infinite activations, without effect on the other lane", () => {
    const bad: f64[] = [NaN, Infinity, -Infinity];
    for (let components: u32 = 1; components <= 3; components++) {
      open(new Problem(1, 1, components, 4));
      for (let i = 0; i < bad.length; i++) {
        for (let lane: u32 = 0; lane < 2; lane++) {
          solve(lane ? 2 : bad[i], lane ? bad[i] : 2);
          for (let k: u32 = 0; k < components; k++) {
            expect<f64>(tauOf(k, lane)).toBeNaN(bad[i].toString());
            expect<f64>(Math.abs(tauOf(k, 1 - lane) - problem.tau(k, 0, 2))).toBeLessThan(1e-5);
          }
          expect<f64>(laneWide(y, lane)).toBeNaN(bad[i].toString());
          expect<f64>(laneWide(y, 1 - lane)).toBeFinite();
        }
      }
      close();
    }
  });
});
