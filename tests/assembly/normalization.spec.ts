import { norm_apply, norm_moments_finalize } from "../../assembly/normalization/apply";
import {
  norm_grad_accumulate,
  norm_grad_apply,
  norm_grad_finalize,
  norm_grad_merge,
  norm_grad_params_finalize,
  norm_grad_params_merge,
  norm_grad_params_reset,
  norm_grad_prepare,
} from "../../assembly/normalization/grad";
import { norm_moments_accumulate, norm_moments_merge } from "../../assembly/normalization/moments";
import { norm_grad_slices_apply, norm_slices_apply } from "../../assembly/normalization/slices";
import { norm_moments_reset, norm_prepare, norm_table_bytes } from "../../assembly/normalization/table";
import { chunkAlignment } from "../../assembly/simd/walk";
import { free, getAt, intact, Random, room, setAt, UNWRITTEN, worse } from "./support";

const EPSILON: f64 = 1e-3;

/** x of slices, and all outputs, with watched borders around each of them. */
class Pass {
  size: u32;
  bytes: usize;
  x: usize;
  dy: usize;
  y: usize;
  dx: usize;
  mean: usize;
  variance: usize;
  residual: usize;
  gamma: usize;
  beta: usize;
  dgamma: usize;
  dbeta: usize;
  table: usize;

  constructor(
    public slices: u32,
    public outer: u32,
    public channels: u32,
    public inner: u32,
    public groups: u32,
  ) {
    this.size = outer * channels * inner;
    this.bytes = (<usize>(slices * this.size)) << 2;
    this.x = room(this.bytes);
    this.dy = room(this.bytes);
    this.y = room(this.bytes);
    this.dx = room(this.bytes);
    this.mean = room((slices * groups) << 2);
    this.variance = room((slices * groups) << 2);
    this.residual = room((slices * groups) << 2);
    this.gamma = room(channels << 2);
    this.beta = room(channels << 2);
    this.dgamma = room(channels << 2);
    this.dbeta = room(channels << 2);
    this.table = room(norm_table_bytes(channels, inner));
    const random = new Random(1);
    for (let i: u32 = 0; i < slices * this.size; i++) {
      setAt(this.x, i, random.between(-1, 3));
      setAt(this.dy, i, random.between(-1, 1));
    }
    for (let c: u32 = 0; c < channels; c++) {
      setAt(this.gamma, c, random.between(0.5, 2));
      setAt(this.beta, c, random.between(-1, 1));
    }
  }

  begin(): void {
    norm_prepare(this.table, this.gamma, this.beta, this.size, this.channels, this.inner, this.groups, EPSILON);
  }

  bySlices(): void {
    this.begin();
    norm_slices_apply(this.table, this.x, this.y, this.mean, this.variance, this.residual, 0, this.slices * this.size);
    this.begin();
    norm_grad_params_reset(this.table);
    norm_grad_slices_apply(
      this.table,
      this.x,
      this.dy,
      this.dx,
      this.mean,
      this.variance,
      this.residual,
      0,
      this.slices * this.size,
    );
    norm_grad_params_finalize(this.table, this.dgamma, this.dbeta);
  }

  /** One slice, in two chunks. */
  byChunks(cut: u32): void {
    const rest = this.size - cut;
    const after = (<usize>cut) << 2;
    this.begin();
    norm_moments_reset(this.table);
    norm_moments_accumulate(this.table, this.x, 0, cut);
    norm_moments_accumulate(this.table, this.x + after, cut, rest);
    norm_moments_finalize(this.table, this.mean, this.variance, this.residual);
    norm_apply(this.table, this.x, this.y, 0, cut);
    norm_apply(this.table, this.x + after, this.y + after, cut, rest);
    this.begin();
    norm_grad_params_reset(this.table);
    norm_grad_prepare(this.table, this.mean);
    norm_grad_accumulate(this.table, this.x, this.dy, 0, cut);
    norm_grad_accumulate(this.table, this.x + after, this.dy + after, cut, rest);
    norm_grad_finalize(this.table, this.variance, this.residual, 0);
    norm_grad_apply(this.table, this.x, this.dy, this.dx, 0, cut);
    norm_grad_apply(this.table, this.x + after, this.dy + after, this.dx + after, cut, rest);
    norm_grad_params_finalize(this.table, this.dgamma, this.dbeta);
  }

  /** One slice, in two chunks with a table each. */
  apart(cut: u32): void {
    const rest = this.size - cut;
    const after = (<usize>cut) << 2;
    this.begin();
    norm_moments_reset(this.table);
    let other = this.copy();
    norm_moments_accumulate(this.table, this.x, 0, cut);
    norm_moments_accumulate(other, this.x + after, cut, rest);
    norm_moments_merge(this.table, other);
    this.close(other);
    norm_moments_finalize(this.table, this.mean, this.variance, this.residual);
    norm_apply(this.table, this.x, this.y, 0, this.size);
    this.begin();
    norm_grad_params_reset(this.table);
    norm_grad_prepare(this.table, this.mean);
    other = this.copy();
    norm_grad_accumulate(this.table, this.x, this.dy, 0, cut);
    norm_grad_accumulate(other, this.x + after, this.dy + after, cut, rest);
    norm_grad_merge(this.table, other);
    this.close(other);
    norm_grad_finalize(this.table, this.variance, this.residual, 0);
    norm_grad_apply(this.table, this.x, this.dy, this.dx, 0, this.size);
    norm_grad_params_finalize(this.table, this.dgamma, this.dbeta);
  }

  /** The gradient by slices, in two chunks with a table each; the first has `cut` slices. */
  slicesApart(cut: u32): void {
    const after = (<usize>(cut * this.size)) << 2;
    this.begin();
    norm_grad_params_reset(this.table);
    const other = this.copy();
    const first = cut * this.size;
    norm_grad_slices_apply(this.table, this.x, this.dy, this.dx, this.mean, this.variance, this.residual, 0, first);
    norm_grad_slices_apply(
      other,
      this.x + after,
      this.dy + after,
      this.dx + after,
      this.mean,
      this.variance,
      this.residual,
      first,
      this.slices * this.size - first,
    );
    norm_grad_params_merge(this.table, other);
    this.close(other);
    norm_grad_params_finalize(this.table, this.dgamma, this.dbeta);
  }

  copy(): usize {
    const bytes = norm_table_bytes(this.channels, this.inner);
    const other = room(bytes);
    memory.copy(other, this.table, bytes);
    return other;
  }

  close(other: usize): void {
    expect<bool>(intact(other, norm_table_bytes(this.channels, this.inner))).toBe(true);
    free(other);
  }

  /** The group of number i. */
  groupOf(i: u32): u32 {
    return (i / this.size) * this.groups + this.channelOf(i) / (this.channels / this.groups);
  }

  channelOf(i: u32): u32 {
    return (i / this.inner) % this.channels;
  }

  /** The largest error of y and dx against float64 (docs/math.md, section 4). */
  worst(): f64 {
    const groups = this.slices * this.groups;
    const total = this.slices * this.size;
    const n = <f64>(total / groups);
    const mean = new StaticArray<f64>(groups);
    const variance = new StaticArray<f64>(groups);
    const m1 = new StaticArray<f64>(groups);
    const m2 = new StaticArray<f64>(groups);
    for (let i: u32 = 0; i < total; i++) mean[this.groupOf(i)] += getAt(this.x, i) / n;
    for (let i: u32 = 0; i < total; i++) variance[this.groupOf(i)] += (getAt(this.x, i) - mean[this.groupOf(i)]) ** 2 / n;
    for (let i: u32 = 0; i < total; i++) {
      const group = this.groupOf(i);
      const g = <f64>getAt(this.dy, i) * getAt(this.gamma, this.channelOf(i));
      m1[group] += g / n;
      m2[group] += (g * (getAt(this.x, i) - mean[group])) / Math.sqrt(variance[group] + EPSILON) / n;
    }
    let worst: f64 = 0;
    for (let i: u32 = 0; i < total; i++) {
      const group = this.groupOf(i);
      const gamma = <f64>getAt(this.gamma, this.channelOf(i));
      const r = 1 / Math.sqrt(variance[group] + EPSILON);
      const z = (getAt(this.x, i) - mean[group]) * r;
      const y = gamma * z + getAt(this.beta, this.channelOf(i));
      const dx = r * (gamma * getAt(this.dy, i) - m1[group] - z * m2[group]);
      const error = max(Math.abs(getAt(this.y, i) - y), Math.abs(getAt(this.dx, i) - dx));
      worst = worse(worst, error);
    }
    return worst;
  }

  drop(): bool {
    const small = this.channels << 2;
    const stats = (this.slices * this.groups) << 2;
    const isIntact =
      intact(this.y, this.bytes) &&
      intact(this.dx, this.bytes) &&
      intact(this.mean, stats) &&
      intact(this.variance, stats) &&
      intact(this.residual, stats) &&
      intact(this.dgamma, small) &&
      intact(this.dbeta, small) &&
      intact(this.table, norm_table_bytes(this.channels, this.inner));
    const written = getAt(this.dbeta, this.channels - 1) != UNWRITTEN;
    free(this.table);
    return isIntact && written;
  }
}

/** slices, outer, channels, inner, groups */
const CASES: u32[][] = [
  [1, 40, 5, 1, 5],
  [1, 37, 8, 1, 8],
  [1, 6, 3, 17, 3],
  [1, 3, 3, 5, 3],
  [1, 700, 1, 1, 1],
  [2, 9, 6, 1, 2],
  [3, 50, 64, 1, 8],
  [2, 1, 6, 20, 3],
  [2, 4, 6, 3, 6],
  [5, 1, 7, 1, 1],
  [70, 1, 9, 1, 3],
  [130, 1, 8, 1, 2],
  [2, 1, 1030, 1, 1],
];

describe("norm_table_bytes", () => {
  it("is the largest u32 if a table does not fit in 32 bits", () => {
    expect<usize>(norm_table_bytes(4000001, 15)).toBe(u32.MAX_VALUE);
    expect<usize>(norm_table_bytes(1 << 30, 1)).toBe(u32.MAX_VALUE);
    expect<usize>(norm_table_bytes(1 << 20, 1)).toBeLessThan(1 << 28);
  });
});

describe("normalization by mean and variance", () => {
  it("computes y and dx to 2e-5, by slices, and writes nowhere else", () => {
    for (let i = 0; i < CASES.length; i++) {
      const shape = CASES[i];
      const pass = new Pass(shape[0], shape[1], shape[2], shape[3], shape[4]);
      pass.bySlices();
      expect<f64>(pass.worst()).toBeLessThan(2e-5, shape.toString());
      expect<bool>(pass.drop()).toBe(true, shape.toString());
    }
  });

  it("computes them in two chunks, cut at any multiple of the chunk alignment", () => {
    for (let i = 0; i < CASES.length; i++) {
      const shape = CASES[i];
      if (shape[0] > 1) continue;
      const alignment = chunkAlignment(shape[2], shape[3]);
      const size = shape[1] * shape[2] * shape[3];
      for (let cut: u32 = 0; cut <= size; cut += alignment * max<u32>(1, size / alignment / 7)) {
        const pass = new Pass(1, shape[1], shape[2], shape[3], shape[4]);
        pass.byChunks(cut);
        expect<f64>(pass.worst()).toBeLessThan(2e-5, `${shape} at ${cut}`);
        expect<bool>(pass.drop()).toBe(true, shape.toString());
      }
    }
  });

  it("computes them in two chunks with a table each, and the same gradients of gamma and beta", () => {
    for (let i = 0; i < CASES.length; i++) {
      const shape = CASES[i];
      const pass = new Pass(shape[0], shape[1], shape[2], shape[3], shape[4]);
      pass.bySlices();
      const whole = new StaticArray<f32>(2 * shape[2]);
      for (let c: u32 = 0; c < shape[2]; c++) {
        whole[c] = getAt(pass.dgamma, c);
        whole[shape[2] + c] = getAt(pass.dbeta, c);
      }
      if (shape[0] > 1) {
        pass.slicesApart(shape[0] / 2);
      } else {
        const alignment = chunkAlignment(shape[2], shape[3]);
        pass.apart((pass.size / 2 / alignment) * alignment);
      }
      for (let c: u32 = 0; c < shape[2]; c++) {
        expect<f64>(Math.abs(getAt(pass.dgamma, c) - whole[c])).toBeLessThan(1e-4, shape.toString());
        expect<f64>(Math.abs(getAt(pass.dbeta, c) - whole[shape[2] + c])).toBeLessThan(1e-4, shape.toString());
      }
      expect<f64>(pass.worst()).toBeLessThan(2e-5, shape.toString());
      expect<bool>(pass.drop()).toBe(true, shape.toString());
    }
  });
});
