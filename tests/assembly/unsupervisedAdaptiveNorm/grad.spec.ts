import { chunkAlignment } from "../../../assembly/simd/walk";
import { uan_grad_accumulator_count } from "../../../assembly/unsupervisedAdaptiveNorm/accumulators";
import { uan_grad_apply } from "../../../assembly/unsupervisedAdaptiveNorm/grad";
import { uan_grad_finalize } from "../../../assembly/unsupervisedAdaptiveNorm/gradFinalize";
import { Problem } from "../problem";
import { free, getAt, intact, Random, room, setAt, worse } from "../support";

const CHANNELS: u32[] = [1, 3, 4, 7, 2, 3];
const INNER: u32[] = [1, 1, 1, 3, 16, 50];

let problem: Problem = Problem.of([0], [1]);
let count: u32 = 0;
let x: usize = 0;
let dy: usize = 0;
let dx: usize = 0;
let dmean: usize = 0;
let dvariance: usize = 0;
let dprior: usize = 0;
let dgamma: usize = 0;
let dbeta: usize = 0;

function size(): usize {
  return 4 * problem.components * problem.channels;
}

function prepare(): void {
  problem.prepare(uan_grad_accumulator_count(problem.slots), false);
}

/** Activations of a mixture, one in `rarity` of them far from it, and upstream gradients. */
function open(opened: Problem, numbers: u32, rarity: f64): void {
  problem = opened;
  count = numbers;
  x = room(4 * count);
  dy = room(4 * count);
  dx = room(4 * count);
  dmean = room(size());
  dvariance = room(size());
  dprior = room(4 * problem.components);
  dgamma = room(4 * problem.channels);
  dbeta = room(4 * problem.channels);
  const random = new Random(3);
  for (let i: u32 = 0; i < count; i++) {
    const isFar = random.between(0, 1) < 1 / rarity;
    setAt(x, i, isFar ? random.between(-60, 60) : random.between(-4, 4));
    setAt(dy, i, random.between(-1, 1));
  }
  prepare();
}

function finish(): void {
  uan_grad_finalize(problem.table, dmean, dvariance, dprior, dgamma, dbeta);
}

function close(): void {
  expect<bool>(intact(x, 4 * count) && intact(dy, 4 * count)).toBe(true, "written outside of an input");
  expect<bool>(intact(dx, 4 * count)).toBe(true, "written outside of dx");
  expect<bool>(intact(dmean, size()) && intact(dvariance, size())).toBe(true, "written outside of dmean or dvariance");
  expect<bool>(intact(dprior, 4 * problem.components)).toBe(true, "written outside of dprior");
  expect<bool>(intact(dgamma, 4 * problem.channels)).toBe(true, "written outside of dgamma");
  expect<bool>(intact(dbeta, 4 * problem.channels)).toBe(true, "written outside of dbeta");
  expect<bool>(problem.drop()).toBe(true, "written outside of the table");
  free(x);
  free(dy);
  free(dx);
  free(dmean);
  free(dvariance);
  free(dprior);
  free(dgamma);
  free(dbeta);
}

/** The largest error of n numbers at p, relative to the largest of the numbers expected. */
function errorOf(p: usize, expected: StaticArray<f64>): f64 {
  let worst: f64 = 0;
  let largest: f64 = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(<f64>getAt(p, i) - expected[i]);
    worst = worse(worst, error);
    largest = max(largest, Math.abs(expected[i]));
  }
  return largest == 0 ? worst : worst / largest;
}

/** The largest error of the six gradients against float64 (docs/math.md, section 2.2). */
function worst(): f64 {
  const components = problem.components;
  const channels = problem.channels;
  const ofX = new StaticArray<f64>(count);
  const ofMean = new StaticArray<f64>(components * channels);
  const ofVariance = new StaticArray<f64>(components * channels);
  const ofPrior = new StaticArray<f64>(components);
  const ofGamma = new StaticArray<f64>(channels);
  const ofBeta = new StaticArray<f64>(channels);
  for (let i: u32 = 0; i < count; i++) {
    const c = problem.channelAt(i);
    const at = <f64>getAt(x, i);
    const y = problem.y(c, at);
    const d = <f64>getAt(dy, i) * problem.gamma[c];
    ofGamma[c] += <f64>getAt(dy, i) * y;
    ofBeta[c] += getAt(dy, i);
    for (let k: u32 = 0; k < components; k++) {
      const v = problem.v(k, c);
      const z = problem.z(k, c, at);
      const g = problem.g(k, c, at);
      const u = d * problem.tau(k, c, at);
      const m = u * (((g - y) * z) / Math.sqrt(v) - 1 / Math.sqrt(problem.lambda(k) * v));
      ofX[i] -= m;
      ofMean[k * channels + c] += m;
      ofVariance[k * channels + c] += (u * ((g - y) * (z * z - (problem.ucb ? 0 : 1)) - g)) / (2 * v);
      if (!problem.ucb) ofPrior[k] += (u * (g / 2 - y)) / problem.lambda(k);
    }
  }
  let worst = max(errorOf(dx, ofX), errorOf(dgamma, ofGamma));
  worst = max(worst, max(errorOf(dmean, ofMean), errorOf(dvariance, ofVariance)));
  return max(worst, max(errorOf(dprior, ofPrior), errorOf(dbeta, ofBeta)));
}

function checkGradients(rarity: f64, bound: f64, epsilon: f32 = 1e-3, ucb: bool = false): void {
  for (let i = 0; i < CHANNELS.length; i++) {
    for (let components: u32 = 1; components <= 4; components++) {
      const next = new Problem(CHANNELS[i], INNER[i], components, components);
      next.epsilon = epsilon;
      next.ucb = ucb;
      open(next, 1003, rarity);
      uan_grad_apply(problem.table, x, dy, dx, 0, count);
      finish();
      const name = `${CHANNELS[i]}, ${INNER[i]}, ${components}`;
      expect<f64>(worst()).toBeLessThan(bound, name);
      close();
    }
  }
}

describe("uan_grad_apply", () => {
  it("computes every gradient to 1e-5 of its tensor's largest, in every layout", () => {
    checkGradients(Infinity, 1e-5);
  });

  it("computes every gradient to 5e-4 of its tensor's largest if every fourth activation is up to 60 away", () => {
    checkGradients(4, 5e-4);
  });

  it('computes the gradients of formula "ucb" to 5e-5 of their tensor\'s largest, in every layout, with any epsilon', () => {
    const epsilons: f32[] = [1e-3, 0, 1e-30, 2e-29, 1e-12, 1];
    for (let i = 0; i < epsilons.length; i++) checkGradients(Infinity, 5e-5, epsilons[i], true);
    checkGradients(4, 5e-5, 1e-3, true);
    checkGradients(4, 5e-4, 0, true);
  });

  it('with formula "ucb", activations from 12 deviations to the largest float32 away have no gradients but dbeta', () => {
    const next = Problem.of([0, 1], [0.04, 1]);
    next.ucb = true;
    open(next, 1000, Infinity);
    for (let i: u32 = 0; i < count; i++) setAt(x, i, <f32>((i & 1 ? -1 : 1) * 13 * 10 ** (<f64>i / 27)));
    uan_grad_apply(problem.table, x, dy, dx, 0, count);
    finish();
    for (let i: u32 = 0; i < count; i++) expect<f64>(Math.abs(getAt(dx, i))).toBeLessThan(1e-9, getAt(x, i).toString());
    for (let k: u32 = 0; k < 2; k++) {
      expect<f64>(Math.abs(getAt(dmean, k))).toBeLessThan(1e-9);
      expect<f64>(Math.abs(getAt(dvariance, k))).toBeLessThan(1e-9);
    }
    expect<f64>(Math.abs(getAt(dgamma, 0))).toBeLessThan(1e-9);
    close();
  });

  it("gives the same dx for rows together as for each alone, and exact sums, however many, with any of them far, and with any K", () => {
    for (let i: u32 = 2; i < 14; i++) {
      const next = new Problem(4, 1, i / 2, i);
      next.ucb = i % 2 == 1;
      for (let rows: u32 = 1; rows <= 7; rows++) {
        open(next, 4 * rows, Infinity);
        const alone = room(4 * count);
        for (let far: u32 = 0; far <= rows; far++) {
          for (let j: u32 = 0; j < count; j++) setAt(x, j, <f32>(j * 0.29 - 3));
          if (far < rows) setAt(x, 4 * far + ((far + i) % 4), 60);
          const name = `${problem.slots} slots, ${rows} rows, ${far}`;
          problem.drop();
          prepare();
          for (let row: u32 = 0; row < rows; row++) {
            const at = 16 * row;
            uan_grad_apply(problem.table, x + at, dy + at, alone + at, 4 * row, 4);
          }
          problem.drop();
          prepare();
          uan_grad_apply(problem.table, x, dy, dx, 0, count);
          finish();
          expect<i32>(memory.compare(dx, alone, 4 * count)).toBe(0, name);
          expect<f64>(worst()).toBeLessThan(5e-4, name);
        }
        expect<bool>(intact(alone, 4 * count)).toBe(true);
        free(alone);
        close();
      }
    }
  });

  it("has no error that grows with the distance where only one component counts", () => {
    for (let channels: u32 = 1; channels <= 4; channels++) {
      open(new Problem(channels, 1, 1), 12 * channels, Infinity);
      for (let i: u32 = 0; i < count; i++) setAt(x, i, <f32>(i - 0.5) * 1000);
      uan_grad_apply(problem.table, x, dy, dx, 0, count);
      finish();
      expect<f64>(worst()).toBeLessThan(2e-5);
      close();
    }
  });

  it("adds up over chunks, cut at any multiple of the chunk alignment: the same bits of dx, and sums to 2e-6", () => {
    for (let i = 0; i < CHANNELS.length; i++) {
      open(new Problem(CHANNELS[i], INNER[i], 3, 8), 501, 16);
      uan_grad_apply(problem.table, x, dy, dx, 0, count);
      finish();
      const whole = new StaticArray<f64>(problem.components * problem.channels);
      for (let j = 0; j < whole.length; j++) whole[j] = getAt(dmean, j);
      const chunks = room(4 * count);
      const alignment = chunkAlignment(CHANNELS[i], INNER[i]);
      let unequal = 0;
      for (let cut: u32 = 0; cut <= count; cut += alignment) {
        problem.drop();
        prepare();
        uan_grad_apply(problem.table, x, dy, chunks, 0, cut);
        uan_grad_apply(problem.table, x + 4 * cut, dy + 4 * cut, chunks + 4 * cut, cut, count - cut);
        finish();
        unequal += memory.compare(dx, chunks, 4 * count) ? 1 : 0;
        expect<f64>(errorOf(dmean, whole)).toBeLessThan(2e-6, cut.toString());
      }
      expect<i32>(unequal).toBe(0, "chunks of dx");
      free(chunks);
      close();
    }
  });

  it("adds nothing to a channel's accumulators for the zeros that fill up its last vector", () => {
    for (let n: u32 = 1; n <= 9; n++) {
      open(Problem.of([5, 6], [1, 2]), n, 16);
      for (let i: u32 = 0; i < n; i++) setAt(dy, i, 1);
      uan_grad_apply(problem.table, x, dy, dx, 0, n);
      finish();
      expect<f32>(getAt(dbeta, 0)).toBe(<f32>n);
      close();
    }
  });

  it("does not lose count: a million equal dy of 0.1, in every layout, sum to 2e-6 relative", () => {
    for (let i = 0; i < CHANNELS.length; i++) {
      const c = CHANNELS[i];
      const sample = c * INNER[i];
      const n: u32 = (1000000 / sample) * sample;
      open(new Problem(c, INNER[i], 1), n, 16);
      for (let j: u32 = 0; j < n; j++) setAt(dy, j, 0.1);
      uan_grad_apply(problem.table, x, dy, dx, 0, n);
      finish();
      for (let k: u32 = 0; k < c; k++) {
        const ratio = <f64>getAt(dbeta, k) / (<f64>(<f32>0.1) * (n / c));
        expect<f64>(Math.abs(ratio - 1)).toBeLessThan(2e-6, c.toString());
      }
      close();
    }
  });
});
