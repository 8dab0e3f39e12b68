import { KAPPA2, MIN_EPSILON, MIN_PRIOR, MIN_VARIANCE } from "../../../assembly/constants";
import {
  ACCUMULATOR,
  accumulatorsOf,
  exchanged,
  GAIN,
  INVERSE,
  LIMIT,
  LOG,
  MEAN,
  MixtureTable,
  mixture_slot_count,
  OFFSET,
  PULL,
  REFERENCE,
  SCALE,
  SCORE,
  SLOT,
  SLOTS,
} from "../../../assembly/mixture/table";
import { LANES, VEC } from "../../../assembly/simd/vec";
import { channelOf, laneBlockAt, laneBlockCount } from "../../../assembly/simd/walk";
import { constantOf, Problem } from "../problem";
import { getAt, power, worse } from "../support";

const KAPPA = Math.sqrt(0.5 * Math.LOG2E);

/** Layouts: periods of one lane block and of several, and runs. */
const CHANNELS: u32[] = [1, 3, 4, 6, 3, 5];
const INNER: u32[] = [1, 1, 1, 3, 16, 40];

let worst: f64 = 0;

/** Keeps the largest error, relative to what is expected. */
function keep(actual: f32, expected: f64): void {
  const error = Math.abs(<f64>actual - expected) / Math.abs(expected);
  worst = worse(worst, error);
}

/** Whether every constant of a problem's table is finite. */
function isFiniteTable(problem: Problem): bool {
  const table = changetype<MixtureTable>(problem.table);
  for (let block: u32 = 0; block < laneBlockCount(problem.channels, problem.inner); block++) {
    for (let i: u32 = 0; i < (<u32>SLOTS + problem.components * <u32>SLOT) / 4; i++) {
      if (!isFinite(getAt(laneBlockAt(table, block), i))) return false;
    }
  }
  return true;
}

/** The reference of a mixture of one channel. */
function referenceOf(variance: f32[]): u32 {
  const problem = Problem.of(variance, variance);
  problem.prepare(0, false);
  const reference = <u32>constantOf(changetype<MixtureTable>(problem.table), 0, REFERENCE);
  problem.drop();
  return reference;
}

/** LIMIT of the first channel. */
function limitOf(problem: Problem): f32 {
  problem.prepare(0, true);
  const limit = constantOf(changetype<MixtureTable>(problem.table), 0, LIMIT);
  problem.drop();
  return limit;
}

describe("mixture_prepare", () => {
  it("has the constants of float64 formulas in every lane, to 3e-7 of each, with the components in their slots", () => {
    worst = 0;
    let unequal = 0;
    for (let i = 0; i < CHANNELS.length; i++) {
      for (let components: u32 = 1; components <= 5; components++) {
        const problem = new Problem(CHANNELS[i], INNER[i], components, components);
        const table = changetype<MixtureTable>(problem.prepare(0, false, false));
        for (let block: u32 = 0; block < laneBlockCount(problem.channels, problem.inner); block++) {
          const laneBlock = laneBlockAt(table, block);
          for (let lane: u32 = 0; lane < LANES; lane++) {
            const c = channelOf(table, block, lane);
            for (let k: u32 = 0; k < components; k++) {
              const slot = laneBlock + SLOTS + exchanged(k, <u32>getAt(laneBlock + REFERENCE, lane)) * SLOT;
              const deviation = Math.sqrt(problem.v(k, c));
              const root = Math.sqrt(problem.lambda(k));
              if (getAt(slot + MEAN, lane) != <f32>problem.mu(k, c)) unequal++;
              keep(getAt(slot + INVERSE, lane), KAPPA / deviation);
              keep(getAt(slot + GAIN, lane), 1 / (KAPPA * root));
              keep(getAt(slot + PULL, lane), 1 / (root * deviation));
              keep(getAt(slot + SCORE, lane), 1 / (KAPPA * deviation));
            }
          }
        }
        expect<bool>(problem.drop()).toBe(true, "written outside of the table");
      }
    }
    expect<i32>(unequal).toBe(0, "means");
    expect<f64>(worst).toBeLessThan(3e-7);
  });

  it("has gamma and beta in every lane, and with `fold` the gains times gamma", () => {
    worst = 0;
    let unequal = 0;
    for (let i = 0; i < CHANNELS.length; i++) {
      const problem = new Problem(CHANNELS[i], INNER[i], 3, 7);
      for (let fold = 0; fold < 2; fold++) {
        const table = changetype<MixtureTable>(problem.prepare(0, fold == 1));
        for (let block: u32 = 0; block < laneBlockCount(problem.channels, problem.inner); block++) {
          const laneBlock = laneBlockAt(table, block);
          for (let lane: u32 = 0; lane < LANES; lane++) {
            const c = channelOf(table, block, lane);
            if (getAt(laneBlock + SCALE, lane) != problem.gamma[c] || getAt(laneBlock + OFFSET, lane) != problem.beta[c])
              unequal++;
            for (let k: u32 = 0; k < 3; k++) {
              const slot = laneBlock + SLOTS + exchanged(k, <u32>getAt(laneBlock + REFERENCE, lane)) * SLOT;
              keep(getAt(slot + GAIN, lane), (fold ? <f64>problem.gamma[c] : 1) / (KAPPA * Math.sqrt(problem.lambda(k))));
            }
          }
        }
        problem.drop();
      }
    }
    expect<i32>(unequal).toBe(0, "gammas and betas");
    expect<f64>(worst).toBeLessThan(3e-7);
  });

  it("has log2 λ - ½ log2 v less that of the reference as LOG, to 2e-6, and exactly 0 for the reference", () => {
    let worst: f64 = 0;
    for (let k: u32 = 1; k <= 5; k++) {
      const problem = new Problem(6, 3, k, k);
      const table = changetype<MixtureTable>(problem.prepare(0, true));
      for (let c: u32 = 0; c < problem.channels; c++) {
        const r = <u32>constantOf(table, c, REFERENCE);
        const reference = Math.log2(problem.lambda(r)) - 0.5 * Math.log2(problem.v(r, c));
        expect<f32>(constantOf(table, c, SLOTS + LOG)).toBe(0);
        for (let k: u32 = 0; k < problem.components; k++) {
          const log = Math.log2(problem.lambda(k)) - 0.5 * Math.log2(problem.v(k, c));
          worst = max(worst, Math.abs(<f64>constantOf(table, c, SLOTS + exchanged(k, r) * SLOT + LOG) - (log - reference)));
        }
      }
      problem.drop();
    }
    expect<f64>(worst).toBeLessThan(2e-6);
  });

  it("has gamma 1 and beta 0 without gamma and beta", () => {
    const problem = new Problem(3, 1, 2);
    const table = changetype<MixtureTable>(problem.prepare(0, true, false));
    for (let c: u32 = 0; c < 3; c++) {
      expect<f32>(constantOf(table, c, SCALE)).toBe(1);
      expect<f32>(constantOf(table, c, OFFSET)).toBe(0);
      expect<f64>(<f64>constantOf(table, c, SLOTS + GAIN)).toBeGreaterThan(1);
    }
    problem.drop();
  });

  it("sets the accumulators to zero", () => {
    const problem = new Problem(5, 3, 2);
    const table = changetype<MixtureTable>(problem.prepare(7, true));
    for (let c: u32 = 0; c < 5; c++) {
      const accumulators = accumulatorsOf(table, c);
      for (let i: usize = 0; i < 7; i++) expect<f64>(load<f64>(accumulators + i * ACCUMULATOR)).toBe(0);
    }
    expect<bool>(problem.drop()).toBe(true, "written outside of the table");
  });
});

describe("the reference", () => {
  it("is the component of largest variance", () => {
    expect<u32>(referenceOf([1])).toBe(0);
    expect<u32>(referenceOf([3, 2, 1])).toBe(0);
    expect<u32>(referenceOf([1, 3, 2])).toBe(1);
    expect<u32>(referenceOf([1, 2, 3])).toBe(2);
    expect<u32>(referenceOf([0, 0, 0, 1e-6])).toBe(3);
    expect<u32>(referenceOf([1e30, 1e38, 2])).toBe(1);
  });

  it("is the first of equals", () => {
    expect<u32>(referenceOf([2, 2, 2])).toBe(0);
    expect<u32>(referenceOf([1, 2, 2])).toBe(1);
  });

  it("is each channel's own", () => {
    const problem = new Problem(9, 1, 3, 5);
    const table = changetype<MixtureTable>(problem.prepare(0, true));
    let found: u32 = 0;
    for (let c: u32 = 0; c < 9; c++) {
      let widest: u32 = 0;
      for (let k: u32 = 1; k < 3; k++) if (problem.v(k, c) > problem.v(widest, c)) widest = k;
      expect<u32>(<u32>constantOf(table, c, REFERENCE)).toBe(widest);
      found |= 1 << widest;
    }
    expect<u32>(found).toBe(7, "every component is some channel's reference");
    problem.drop();
  });

  it("is exchanged with component 0, and back", () => {
    for (let r: u32 = 0; r < 5; r++) {
      expect<u32>(exchanged(0, r)).toBe(r);
      expect<u32>(exchanged(r, r)).toBe(0);
      for (let k: u32 = 0; k < 5; k++) {
        expect<u32>(exchanged(exchanged(k, r), r)).toBe(k);
        if (k != 0 && k != r) expect<u32>(exchanged(k, r)).toBe(k);
      }
    }
  });
});

describe("LIMIT", () => {
  it("keeps every e_k, and its part of the gain, below 2^100", () => {
    for (let seed: u32 = 1; seed <= 50; seed++) {
      const problem = new Problem(1, 1, 4, seed);
      // Variances and priors over many orders of magnitude.
      for (let k = 0; k < 4; k++) {
        problem.variance[k] = <f32>power(<i32>(problem.variance[k] * 100 - 80));
        problem.prior[k] = <f32>power(-(<i32>(problem.prior[k] * 100)));
      }
      problem.epsilon = 0;
      const table = changetype<MixtureTable>(problem.prepare(0, true));
      const limit = <f64>constantOf(table, 0, LIMIT);
      for (let k: u32 = 1; k < 4; k++) {
        const gain = Math.abs(constantOf(table, 0, SLOTS + k * SLOT + GAIN));
        const bits = limit + constantOf(table, 0, SLOTS + k * SLOT + LOG) + Math.log2(max(gain, 1));
        expect<f64>(bits).toBeLessThan(100.001, seed.toString());
      }
      problem.drop();
    }
  });

  it("has activations within 8 deviations of an ordinary mixture's widest component in range", () => {
    for (let seed: u32 = 1; seed <= 50; seed++) {
      expect<f64>(limitOf(new Problem(1, 1, 5, seed))).toBeGreaterThan(64 * KAPPA2, seed.toString());
    }
  });

  it("is 1e30 with one component: multiples of the square are finite", () => {
    expect<f32>(limitOf(Problem.of([0], [1]))).toBe(1e30);
  });
});

describe('the formula "ucb"', () => {
  it("has ε as one more component, of gain 0, which is the reference: log2 ε is subtracted from all other logs", () => {
    for (let i: u32 = 2; i < 12; i++) {
      const components = i / 2;
      const fold = i % 2 == 1;
      const problem = new Problem(6, 3, components, components);
      problem.ucb = true;
      const table = changetype<MixtureTable>(problem.prepare(0, fold));
      expect<u32>(table.components).toBe(components);
      expect<u32>(table.slots).toBe(components + 1);
      worst = 0;
      for (let c: u32 = 0; c < 6; c++) {
        expect<f32>(constantOf(table, c, REFERENCE)).toBe(<f32>components);
        for (let field: usize = 0; field < SLOT; field += VEC) {
          if (field == INVERSE || (fold && field >= PULL)) continue;
          expect<f32>(constantOf(table, c, SLOTS + field)).toBe(0);
        }
        for (let k: u32 = 0; k < components; k++) {
          const slot = SLOTS + exchanged(k, components) * SLOT;
          const deviation = Math.sqrt(problem.v(k, c));
          const root = Math.sqrt(1 + <f64>problem.epsilon);
          expect<f32>(constantOf(table, c, slot + MEAN)).toBe(<f32>problem.mu(k, c));
          keep(constantOf(table, c, slot + INVERSE), KAPPA / deviation);
          keep(constantOf(table, c, slot + LOG), -Math.log2(problem.epsilon));
          keep(constantOf(table, c, slot + GAIN), (fold ? <f64>problem.gamma[c] : 1) / (KAPPA * root));
          if (fold) continue;
          keep(constantOf(table, c, slot + PULL), <f64>problem.gamma[c] / (root * deviation));
          keep(constantOf(table, c, slot + SCORE), <f64>problem.gamma[c] / (KAPPA * deviation));
        }
      }
      expect<f64>(worst).toBeLessThan(3e-7);
      expect<bool>(problem.drop()).toBe(true, "written outside of the table");
    }
  });

  it("has activations from 2^30 widths of the narrowest component on out of range", () => {
    const variances: f32[] = [1e-6, 1, 3e38];
    for (let i = 0; i < variances.length; i++) {
      const problem = Problem.of([0, 0], [variances[i], 3e38]);
      problem.ucb = true;
      const table = changetype<MixtureTable>(problem.prepare(0, true, false));
      expect<bool>(isFiniteTable(problem)).toBe(true);
      const narrowest = <f64>constantOf(table, 0, SLOTS + exchanged(0, 2) * SLOT + INVERSE);
      const widths = (Math.sqrt(constantOf(table, 0, LIMIT)) / constantOf(table, 0, SLOTS + INVERSE)) * narrowest;
      expect<f64>(Math.abs(widths / power(30) - 1)).toBeLessThan(1e-6);
      problem.drop();
    }
  });

  it("has no component of ε below 2^-96; the widest is the reference", () => {
    expect<u32>(mixture_slot_count(3, <f32>MIN_EPSILON, true)).toBe(4);
    expect<u32>(mixture_slot_count(3, <f32>MIN_EPSILON, false)).toBe(3);
    const problem = Problem.of([1, 2, 3], [1, 3, 2]);
    problem.ucb = true;
    problem.epsilon = <f32>power(-97);
    const table = changetype<MixtureTable>(problem.prepare(0, true));
    expect<u32>(table.slots).toBe(3);
    expect<f32>(constantOf(table, 0, REFERENCE)).toBe(1);
    for (let slot: u32 = 0; slot < 3; slot++) expect<f32>(constantOf(table, 0, SLOTS + slot * SLOT + LOG)).toBe(0);
    problem.drop();
  });
});

describe("variances and priors of 0", () => {
  it("are raised to MIN_VARIANCE and MIN_PRIOR, and every constant is finite", () => {
    const problem = Problem.of([1, 2, 3], [0, 0, 0]);
    problem.epsilon = 0;
    problem.prior[0] = 0;
    problem.prior[1] = 0;
    const table = changetype<MixtureTable>(problem.prepare(0, false, false));
    expect<bool>(isFiniteTable(problem)).toBe(true);
    // The variances are equal, so no component was exchanged.
    expect<f32>(constantOf(table, 0, SLOTS + INVERSE)).toBe(<f32>(KAPPA / Math.sqrt(MIN_VARIANCE)));
    expect<f32>(constantOf(table, 0, SLOTS + GAIN)).toBe(<f32>(1 / (KAPPA * Math.sqrt(MIN_PRIOR))));
    problem.drop();
  });

  it("have finite constants beside ordinary and largest ones; so do negative ones", () => {
    const ordinary = Problem.of([1, 2, 3], [0, 1, 3e38]);
    ordinary.epsilon = 0;
    ordinary.prior[0] = 0;
    ordinary.prepare(0, false);
    expect<bool>(isFiniteTable(ordinary)).toBe(true);
    ordinary.drop();
    const negative = Problem.of([1, 2], [-1, 1]);
    negative.prior[1] = -1;
    negative.prepare(0, false);
    expect<bool>(isFiniteTable(negative)).toBe(true);
    negative.drop();
  });
});
