import { mixture_merge } from "../../assembly/mixture/table";
import {
  mixture_moments_accumulate,
  mixture_moments_accumulator_count,
  mixture_moments_finalize,
} from "../../assembly/mixtureMoments";
import { chunkAlignment } from "../../assembly/simd/walk";
import { Problem } from "./problem";
import { free, getAt, intact, Random, room, setAt } from "./support";

const CHANNELS: u32[] = [1, 3, 4, 7, 2, 3];
const INNER: u32[] = [1, 1, 1, 3, 16, 50];

let problem: Problem = Problem.of([0], [1]);
let count: u32 = 0;
let x: usize = 0;
let mass: usize = 0;
let mean: usize = 0;
let variance: usize = 0;

function size(): usize {
  return 4 * problem.components * problem.channels;
}

function prepare(): void {
  problem.prepare(mixture_moments_accumulator_count(problem.components), false, false);
}

function open(opened: Problem, numbers: u32): void {
  problem = opened;
  count = numbers;
  x = room(4 * count);
  mass = room(size());
  mean = room(size());
  variance = room(size());
  const random = new Random(3);
  for (let i: u32 = 0; i < count; i++) setAt(x, i, random.between(0, 16) < 1 ? random.between(-60, 60) : random.between(-4, 4));
  prepare();
}

function finish(): void {
  mixture_moments_finalize(problem.table, problem.meanAt, problem.varianceAt, mass, mean, variance);
}

function close(): void {
  expect<bool>(intact(x, 4 * count)).toBe(true, "written outside of x");
  const areIntact = intact(mass, size()) && intact(mean, size()) && intact(variance, size());
  expect<bool>(areIntact).toBe(true, "written outside of a result");
  expect<bool>(problem.drop()).toBe(true, "written outside of the table");
  free(x);
  free(mass);
  free(mean);
  free(variance);
}

describe("mixture_moments_accumulate", () => {
  it("are mass, mean and variance of float64 formulas to 2e-5, near and far, in every layout", () => {
    let worst: f64 = 0;
    for (let i = 0; i < CHANNELS.length; i++) {
      for (let components: u32 = 1; components <= 4; components++) {
        open(new Problem(CHANNELS[i], INNER[i], components, components), 1003);
        mixture_moments_accumulate(problem.table, x, 0, count);
        finish();
        for (let k: u32 = 0; k < components; k++) {
          for (let c: u32 = 0; c < problem.channels; c++) {
            let n: f64 = 0;
            let first: f64 = 0;
            let second: f64 = 0;
            for (let j: u32 = 0; j < count; j++) {
              if (problem.channelAt(j) != c) continue;
              const at = <f64>getAt(x, j);
              const tau = problem.tau(k, c, at);
              n += tau;
              first += tau * at;
              second += tau * at * at;
            }
            const m = first / n;
            const s = second / n - m * m;
            const at = k * problem.channels + c;
            worst = max(worst, Math.abs(<f64>getAt(mass, at) / n - 1));
            worst = max(worst, Math.abs(<f64>getAt(mean, at) - m) / (1 + Math.sqrt(s)));
            worst = max(worst, Math.abs(<f64>getAt(variance, at) / s - 1));
          }
        }
        close();
      }
    }
    expect<f64>(worst).toBeLessThan(2e-5);
  });

  it("add up over chunks, cut at any multiple of the chunk alignment, to 1e-7 relative", () => {
    for (let i = 0; i < CHANNELS.length; i++) {
      open(new Problem(CHANNELS[i], INNER[i], 2, 8), 501);
      mixture_moments_accumulate(problem.table, x, 0, count);
      finish();
      const whole = new StaticArray<f32>(2 * problem.channels);
      for (let j: u32 = 0; j < 2 * problem.channels; j++) whole[j] = getAt(mass, j);
      const alignment = chunkAlignment(CHANNELS[i], INNER[i]);
      for (let cut: u32 = 0; cut <= count; cut += alignment) {
        problem.drop();
        prepare();
        mixture_moments_accumulate(problem.table, x, 0, cut);
        mixture_moments_accumulate(problem.table, x + 4 * cut, cut, count - cut);
        finish();
        for (let j: u32 = 0; j < 2 * problem.channels; j++) {
          expect<f64>(Math.abs(<f64>getAt(mass, j) / whole[j] - 1)).toBeLessThan(1e-7, cut.toString());
        }
      }
      close();
    }
  });

  it("add up over chunks in two tables, to 1e-7 relative", () => {
    for (let i = 0; i < CHANNELS.length; i++) {
      open(new Problem(CHANNELS[i], INNER[i], 3, 8), 501);
      const alignment = chunkAlignment(CHANNELS[i], INNER[i]);
      const cut = (250 / alignment) * alignment;
      const other = room(problem.tableBytes);
      memory.copy(other, problem.table, problem.tableBytes);
      mixture_moments_accumulate(problem.table, x, 0, cut);
      mixture_moments_accumulate(other, x + 4 * cut, cut, count - cut);
      mixture_merge(problem.table, other);
      finish();
      const apart = new StaticArray<f32>(3 * problem.channels);
      for (let j: u32 = 0; j < 3 * problem.channels; j++) apart[j] = getAt(mean, j);
      expect<bool>(intact(other, problem.tableBytes)).toBe(true);
      free(other);
      problem.drop();
      prepare();
      mixture_moments_accumulate(problem.table, x, 0, count);
      finish();
      for (let j: u32 = 0; j < 3 * problem.channels; j++) {
        expect<f64>(Math.abs(<f64>getAt(mean, j) / apart[j] - 1)).toBeLessThan(1e-7);
      }
      close();
    }
  });

  it("count the activations exactly with one component, however many and however far, without the zeros that fill up a vector", () => {
    for (let n: u32 = 1; n <= 9; n++) {
      open(Problem.of([0], [1]), n);
      mixture_moments_accumulate(problem.table, x, 0, n);
      finish();
      expect<f32>(getAt(mass, 0)).toBe(<f32>n);
      close();
    }
    for (let i = 0; i < CHANNELS.length; i++) {
      const sample = CHANNELS[i] * INNER[i];
      const n: u32 = (1000000 / sample) * sample;
      open(new Problem(CHANNELS[i], INNER[i], 1), n);
      mixture_moments_accumulate(problem.table, x, 0, n);
      finish();
      for (let c: u32 = 0; c < CHANNELS[i]; c++) expect<f32>(getAt(mass, c)).toBe(<f32>(n / CHANNELS[i]));
      close();
    }
  });

  it("do not lose digits of a million equal numbers: 0.1 has mean 0.1 to 1e-7 relative, and variance below 1e-12", () => {
    open(Problem.of([0.3], [1]), 1000000);
    for (let i: u32 = 0; i < count; i++) setAt(x, i, 0.1);
    mixture_moments_accumulate(problem.table, x, 0, count);
    finish();
    expect<f64>(Math.abs(<f64>getAt(mean, 0) / <f64>(<f32>0.1) - 1)).toBeLessThan(1e-7);
    expect<f64>(getAt(variance, 0)).toBeGreaterThanOrEqual(0);
    expect<f64>(getAt(variance, 0)).toBeLessThan(1e-12);
    close();
  });

  it("count each activation once: the masses of a channel's components sum to its activations, to 1e-6 relative", () => {
    open(new Problem(3, 1, 4), 300000);
    mixture_moments_accumulate(problem.table, x, 0, count);
    finish();
    for (let c: u32 = 0; c < 3; c++) {
      let sum: f64 = 0;
      for (let k: u32 = 0; k < 4; k++) sum += getAt(mass, k * 3 + c);
      expect<f64>(Math.abs(sum / 100000 - 1)).toBeLessThan(1e-6);
    }
    close();
  });

  it("keep the digits of a small variance far from zero and from the component's mean", () => {
    open(Problem.of([1000], [1]), 10000);
    for (let i: u32 = 0; i < count; i++) setAt(x, i, i & 1 ? 1010.125 : 1009.875);
    mixture_moments_accumulate(problem.table, x, 0, count);
    finish();
    expect<f32>(getAt(mean, 0)).toBe(1010);
    expect<f32>(getAt(variance, 0)).toBe(0.015625);
    close();
  });

  it("keep the mean and the variance of a component without mass", () => {
    open(Problem.of([0, 7], [1, 2]), 0);
    mixture_moments_accumulate(problem.table, x, 0, 0);
    finish();
    for (let k: u32 = 0; k < 2; k++) {
      expect<f32>(getAt(mass, k)).toBe(0);
      expect<f32>(getAt(mean, k)).toBe(problem.mean[k]);
      expect<f32>(getAt(variance, k)).toBe(problem.variance[k]);
    }
    close();
  });
});
