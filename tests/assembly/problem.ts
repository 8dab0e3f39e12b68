import { mixture_prepare } from "../../assembly/mixture/prepare";
import { laneOf, mixture_slot_count, mixture_table_bytes } from "../../assembly/mixture/table";
import { ChannelTable } from "../../assembly/simd/walk";
import { free, intact, Random, room } from "./support";

// A mixture, and Unsupervised Adaptive Normalization by it in float64 (docs/math.md, sections 2.1 and 2.6).

function address(array: StaticArray<f32>): usize {
  return changetype<usize>(array);
}

/** The float32 constant of a channel at an offset in its lane block. */
export function constantOf(table: ChannelTable, channel: u32, offset: usize): f32 {
  return load<f32>(laneOf(table, channel) + offset);
}

export class Problem {
  mean: StaticArray<f32>;
  variance: StaticArray<f32>;
  prior: StaticArray<f32>;
  gamma: StaticArray<f32>;
  beta: StaticArray<f32>;
  epsilon: f32 = 1e-3;
  ucb: bool = false;
  table: usize = 0;
  tableBytes: usize = 0;

  constructor(
    public channels: u32,
    public inner: u32,
    public components: u32,
    seed: u32 = 1,
  ) {
    const random = new Random(seed);
    const size = components * channels;
    this.mean = new StaticArray<f32>(size);
    this.variance = new StaticArray<f32>(size);
    this.prior = new StaticArray<f32>(components);
    this.gamma = new StaticArray<f32>(channels);
    this.beta = new StaticArray<f32>(channels);
    for (let i: u32 = 0; i < size; i++) {
      this.mean[i] = random.between(-1.5, 1.5);
      this.variance[i] = random.between(0.2, 1.5);
    }
    let sum: f64 = 0;
    for (let k: u32 = 0; k < components; k++) sum += this.prior[k] = random.between(0.2, 1);
    for (let k: u32 = 0; k < components; k++) this.prior[k] = <f32>(this.prior[k] / sum);
    for (let c: u32 = 0; c < channels; c++) {
      this.gamma[c] = random.between(0.5, 2);
      this.beta[c] = random.between(-1, 1);
    }
  }

  /** A mixture of one channel, with equal priors. */
  static of(mean: f32[], variance: f32[]): Problem {
    const problem = new Problem(1, 1, mean.length);
    for (let k = 0; k < mean.length; k++) {
      problem.mean[k] = mean[k];
      problem.variance[k] = variance[k];
      problem.prior[k] = <f32>1 / <f32>mean.length;
    }
    return problem;
  }

  get slots(): u32 {
    return mixture_slot_count(this.components, this.epsilon, this.ucb);
  }

  /** Makes a table. drop() frees it. */
  prepare(accumulatorCount: u32, fold: bool, isAffine: bool = true): usize {
    this.tableBytes = mixture_table_bytes(this.channels, this.inner, this.slots, accumulatorCount);
    this.table = room(this.tableBytes);
    mixture_prepare(
      this.table,
      address(this.mean),
      address(this.variance),
      address(this.prior),
      isAffine ? address(this.gamma) : 0,
      isAffine ? address(this.beta) : 0,
      this.channels,
      this.inner,
      this.components,
      accumulatorCount,
      this.epsilon,
      fold,
      this.ucb,
    );
    return this.table;
  }

  /** Frees the table. Returns false if something was written outside of it. */
  drop(): bool {
    const isIntact = intact(this.table, this.tableBytes);
    free(this.table);
    return isIntact;
  }

  get meanAt(): usize {
    return address(this.mean);
  }
  get varianceAt(): usize {
    return address(this.variance);
  }

  get priorAt(): usize {
    return address(this.prior);
  }

  channelAt(i: u32): u32 {
    return (i / this.inner) % this.channels;
  }

  // Constants of component k in channel c.
  mu(k: u32, c: u32): f64 {
    return this.mean[k * this.channels + c];
  }
  v(k: u32, c: u32): f64 {
    return <f64>this.variance[k * this.channels + c] + <f64>this.epsilon;
  }
  /** λ_k in the gains. */
  lambda(k: u32): f64 {
    return this.ucb ? 1 + <f64>this.epsilon : this.prior[k];
  }

  // Of an activation x.
  z(k: u32, c: u32, x: f64): f64 {
    return (x - this.mu(k, c)) / Math.sqrt(this.v(k, c));
  }
  g(k: u32, c: u32, x: f64): f64 {
    return this.z(k, c, x) / Math.sqrt(this.lambda(k));
  }

  logDensity(k: u32, c: u32, x: f64): f64 {
    const z = this.z(k, c, x);
    if (this.ucb) return -0.5 * z * z;
    return Math.log(this.lambda(k)) - 0.5 * Math.log(this.v(k, c)) - 0.5 * z * z;
  }

  tau(k: u32, c: u32, x: f64): f64 {
    const own = this.logDensity(k, c, x);
    let sum = this.slots > this.components ? <f64>this.epsilon * Math.exp(-own) : 0;
    for (let j: u32 = 0; j < this.components; j++) sum += Math.exp(this.logDensity(j, c, x) - own);
    return 1 / sum;
  }

  /** y, without gamma and beta. */
  y(c: u32, x: f64): f64 {
    let y: f64 = 0;
    for (let k: u32 = 0; k < this.components; k++) {
      const tau = this.tau(k, c, x);
      if (tau > 0) y += tau * this.g(k, c, x);
    }
    return y;
  }
}
