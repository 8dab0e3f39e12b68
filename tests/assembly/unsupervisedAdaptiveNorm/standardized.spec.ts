import { STANDARD_ROWS } from "../../../assembly/constants";
import { mixture_slot_count } from "../../../assembly/mixture/table";
import { norm_grad_apply } from "../../../assembly/normalization/grad";
import { norm_moments_accumulate, norm_moments_merge } from "../../../assembly/normalization/moments";
import { chunkAlignment } from "../../../assembly/simd/walk";
import { uan_grad_accumulator_count } from "../../../assembly/unsupervisedAdaptiveNorm/accumulators";
import {
  uan_standardized_apply,
  uan_standardized_finalize,
  uan_standardized_prepare,
  uan_standardized_table_bytes,
} from "../../../assembly/unsupervisedAdaptiveNorm/standardized";
import {
  uan_standardized_grad_apply,
  uan_standardized_grad_finalize,
  uan_standardized_grad_merge,
  uan_standardized_grad_prepare,
} from "../../../assembly/unsupervisedAdaptiveNorm/standardizedGrad";
import { Problem } from "../problem";
import { free, getAt, intact, Random, room, setAt, worse } from "../support";

const CHANNELS: u32[] = [1, 3, 4, 8, 7, 2, 3];
const INNER: u32[] = [1, 1, 1, 1, 3, 16, 50];
const OUTER: u32 = 20;

/** All tensors of a call, with watched borders. */
class Call {
  count: u32;
  bytes: usize;
  x: usize;
  dy: usize;
  y: usize;
  dx: usize;
  priorMean: usize;
  priorVariance: usize;
  priorMass: usize;
  ownMean: usize;
  ownVariance: usize;
  standard: usize;
  dmean: usize;
  dvariance: usize;
  dprior: usize;
  dgamma: usize;
  dbeta: usize;
  accumulatorCount: u32 = 0;
  table: usize = 0;

  constructor(
    public problem: Problem,
    public mass: f32,
  ) {
    this.count = OUTER * problem.channels * problem.inner;
    this.bytes = this.count << 2;
    const perChannel = problem.channels << 2;
    this.x = room(this.bytes);
    this.dy = room(this.bytes);
    this.y = room(this.bytes);
    this.dx = room(this.bytes);
    this.priorMean = room(perChannel);
    this.priorVariance = room(perChannel);
    this.priorMass = room(4);
    this.ownMean = room(perChannel);
    this.ownVariance = room(perChannel);
    this.standard = room(STANDARD_ROWS * perChannel);
    this.dmean = room(problem.components * perChannel);
    this.dvariance = room(problem.components * perChannel);
    this.dprior = room(problem.components << 2);
    this.dgamma = room(perChannel);
    this.dbeta = room(perChannel);
    const random = new Random(3);
    for (let i: u32 = 0; i < this.count; i++) {
      setAt(this.x, i, 1000 + random.between(-4, 4));
      setAt(this.dy, i, random.between(-1, 1));
    }
    for (let c: u32 = 0; c < problem.channels; c++) {
      setAt(this.priorMean, c, 1000 + random.between(-1, 1));
      setAt(this.priorVariance, c, random.between(1, 9));
    }
    setAt(this.priorMass, 0, mass);
  }

  get slots(): u32 {
    return mixture_slot_count(this.problem.components, this.problem.epsilon, this.problem.ucb);
  }

  get tableBytes(): usize {
    return uan_standardized_table_bytes(this.problem.channels, this.problem.inner, this.slots, this.accumulatorCount);
  }

  prepare(accumulatorCount: u32, fold: bool): void {
    const problem = this.problem;
    this.accumulatorCount = accumulatorCount;
    this.table = room(this.tableBytes);
    uan_standardized_prepare(
      this.table,
      changetype<usize>(problem.mean),
      changetype<usize>(problem.variance),
      changetype<usize>(problem.prior),
      changetype<usize>(problem.gamma),
      changetype<usize>(problem.beta),
      this.count,
      problem.channels,
      problem.inner,
      problem.components,
      accumulatorCount,
      problem.epsilon,
      fold,
      problem.ucb,
    );
  }

  copy(): usize {
    const other = room(this.tableBytes);
    memory.copy(other, this.table, this.tableBytes);
    return other;
  }

  close(table: usize): void {
    expect<bool>(intact(table, this.tableBytes)).toBe(true, "written outside of the table");
    free(table);
  }

  /** y, in two chunks with a table each. */
  forward(cut: u32): void {
    const after = cut << 2;
    this.prepare(0, true);
    const other = this.copy();
    norm_moments_accumulate(this.table, this.x, 0, cut);
    norm_moments_accumulate(other, this.x + after, cut, this.count - cut);
    norm_moments_merge(this.table, other);
    this.close(other);
    uan_standardized_finalize(
      this.table,
      this.priorMean,
      this.priorVariance,
      this.priorMass,
      this.ownMean,
      this.ownVariance,
      this.standard,
    );
    uan_standardized_apply(this.table, this.x, this.y, 0, cut);
    uan_standardized_apply(this.table, this.x + after, this.y + after, cut, this.count - cut);
    this.close(this.table);
  }

  /** dx, and the gradients of the parameters, likewise. */
  backward(cut: u32): void {
    const after = cut << 2;
    this.prepare(uan_grad_accumulator_count(this.slots), false);
    uan_standardized_grad_prepare(this.table, this.standard);
    const other = this.copy();
    uan_standardized_grad_apply(this.table, this.x, this.dy, this.dx, 0, cut);
    uan_standardized_grad_apply(other, this.x + after, this.dy + after, this.dx + after, cut, this.count - cut);
    uan_standardized_grad_merge(this.table, other);
    this.close(other);
    uan_standardized_grad_finalize(this.table, this.standard, this.dmean, this.dvariance, this.dprior, this.dgamma, this.dbeta);
    norm_grad_apply(this.table, this.x, this.dx, this.dx, 0, cut);
    norm_grad_apply(this.table, this.x + after, this.dx + after, this.dx + after, cut, this.count - cut);
    this.close(this.table);
  }

  /** The channels' mean and √(variance + ε), by which z is made, in float64 (docs/math.md, section 2.5). */
  standardOf(x: usize): StaticArray<f64> {
    const channels = this.problem.channels;
    const standard = new StaticArray<f64>(2 * channels);
    const n: f64 = <f64>(this.count / channels);
    const share: f64 = n / (n + this.mass);
    for (let i: u32 = 0; i < this.count; i++) standard[this.problem.channelAt(i)] += getAt(x, i) / n;
    for (let i: u32 = 0; i < this.count; i++) {
      const c = this.problem.channelAt(i);
      standard[channels + c] += (getAt(x, i) - standard[c]) ** 2 / n;
    }
    for (let c: u32 = 0; c < channels; c++) {
      const own = standard[c];
      const prior = <f64>getAt(this.priorMean, c);
      const mean = prior + share * (own - prior);
      const ofBatch = share * (standard[channels + c] + (own - mean) ** 2);
      const ofPrior = (1 - share) * (<f64>getAt(this.priorVariance, c) + (prior - mean) ** 2);
      standard[c] = mean;
      standard[channels + c] = Math.sqrt(ofBatch + ofPrior + this.problem.epsilon);
    }
    return standard;
  }

  /** The largest error of y, relative to 1 + |y|. */
  worst(): f64 {
    const channels = this.problem.channels;
    const standard = this.standardOf(this.x);
    let worst: f64 = 0;
    for (let i: u32 = 0; i < this.count; i++) {
      const c = this.problem.channelAt(i);
      const z = (getAt(this.x, i) - standard[c]) / standard[channels + c];
      const exact = <f64>this.problem.gamma[c] * this.problem.y(c, z) + <f64>this.problem.beta[c];
      worst = worse(worst, Math.abs(<f64>getAt(this.y, i) - exact) / (1 + Math.abs(exact)));
    }
    return worst;
  }

  drop(): void {
    const perChannel = this.problem.channels << 2;
    const perComponent = this.problem.components * perChannel;
    const isIntact =
      intact(this.x, this.bytes) &&
      intact(this.y, this.bytes) &&
      intact(this.dx, this.bytes) &&
      intact(this.ownMean, perChannel) &&
      intact(this.ownVariance, perChannel) &&
      intact(this.standard, STANDARD_ROWS * perChannel) &&
      intact(this.dmean, perComponent) &&
      intact(this.dvariance, perComponent) &&
      intact(this.dgamma, perChannel) &&
      intact(this.dbeta, perChannel);
    expect<bool>(isIntact).toBe(true, "written outside of an output");
  }
}

function cutOf(call: Call): u32 {
  const alignment = chunkAlignment(call.problem.channels, call.problem.inner);
  return (call.count / 2 / alignment) * alignment;
}

describe("uan_standardized", () => {
  it("has tables that are the largest u32 if they do not fit in 32 bits", () => {
    expect<usize>(uan_standardized_table_bytes(4000001, 15, 3, 0)).toBe(u32.MAX_VALUE);
    // Each of its two parts fits.
    expect<usize>(uan_standardized_table_bytes(24000000, 1, 3, 0)).toBe(u32.MAX_VALUE);
    expect<usize>(uan_standardized_table_bytes(1 << 16, 1, 3, 0)).toBeLessThan(1 << 26);
  });

  it("gives y to 2e-5·(1 + |y|) in every layout, by both formulas, for any mass of the prior", () => {
    const masses: f32[] = [0, 2, Infinity];
    for (let i = 0; i < CHANNELS.length; i++) {
      for (let components: u32 = 1; components <= 4; components++) {
        for (let m = 0; m < masses.length; m++) {
          const problem = new Problem(CHANNELS[i], INNER[i], components, components);
          problem.ucb = (components + m) % 2 == 0;
          const call = new Call(problem, masses[m]);
          call.forward(cutOf(call));
          expect<f64>(call.worst()).toBeLessThan(2e-5, `${CHANNELS[i]}, ${INNER[i]}, ${components}, ${masses[m]}`);
          call.drop();
        }
      }
    }
  });

  it("gives the gradient of x that differences of y confirm, and the same in two chunks", () => {
    for (let i = 0; i < CHANNELS.length; i++) {
      const problem = new Problem(CHANNELS[i], INNER[i], 3, 5);
      const call = new Call(problem, 2);
      call.forward(call.count);
      call.backward(call.count);
      const whole = room(call.bytes);
      memory.copy(whole, call.dx, call.bytes);
      call.backward(cutOf(call));
      let worst: f64 = 0;
      for (let j: u32 = 0; j < call.count; j++) worst = worse(worst, Math.abs(getAt(whole, j) - getAt(call.dx, j)));
      expect<f64>(worst).toBeLessThan(1e-6, `${CHANNELS[i]}, ${INNER[i]}`);
      // Along a direction in all activations of a channel: Σ dx d = (L(x + h d) − L(x − h d))/2h.
      const h: f64 = 0.125;
      let slope: f64 = 0;
      for (let j: u32 = 0; j < call.count; j++) slope += <f64>getAt(call.dx, j) * direction(j);
      const difference = (loss(call, h) - loss(call, -h)) / (2 * h);
      const finer = (loss(call, h / 2) - loss(call, -h / 2)) / h;
      // What is left after the error of second order is taken out.
      const limit = (4 * finer - difference) / 3;
      expect<f64>(Math.abs(slope - limit)).toBeLessThan(2e-3 * (1 + Math.abs(slope)), `${CHANNELS[i]}, ${INNER[i]}`);
      call.drop();
      free(whole);
    }
  });
});

function direction(j: u32): f64 {
  return (j % 5) * 0.25 - 0.5;
}

/** Σ dy·y in float64, with x moved by h along the direction. */
function loss(call: Call, h: f64): f64 {
  const channels = call.problem.channels;
  const moved = room(call.bytes);
  for (let j: u32 = 0; j < call.count; j++) setAt(moved, j, <f32>(getAt(call.x, j) + h * direction(j)));
  const standard = call.standardOf(moved);
  let sum: f64 = 0;
  for (let j: u32 = 0; j < call.count; j++) {
    const c = call.problem.channelAt(j);
    const z = (getAt(moved, j) - standard[c]) / standard[channels + c];
    sum += <f64>getAt(call.dy, j) * (<f64>call.problem.gamma[c] * call.problem.y(c, z) + <f64>call.problem.beta[c]);
  }
  free(moved);
  return sum;
}
