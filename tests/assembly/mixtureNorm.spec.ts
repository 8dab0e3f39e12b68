import { mixture_norm_apply } from "../../assembly/mixtureNorm/apply";
import { mixture_norm_e_step_accumulate, mixture_norm_m_step_finalize } from "../../assembly/mixtureNorm/em";
import {
  mixture_norm_grad_accumulate,
  mixture_norm_grad_apply,
  mixture_norm_grad_finalize,
} from "../../assembly/mixtureNorm/grad";
import {
  mixture_norm_kmeans_accumulate,
  mixture_norm_kmeans_finalize,
  mixture_norm_kmeans_scratch_bytes,
} from "../../assembly/mixtureNorm/kmeansInit";
import { mixture_norm_prepare, mixture_norm_table_bytes } from "../../assembly/mixtureNorm/table";
import { free, getAt, intact, Random, room, setAt, worse } from "./support";

// Sizes around a vector, the part of a row in a float32 sum, a tile and a block of rows.
const CHANNELS: u32[] = [1, 3, 4, 8, 63, 64, 65, 130, 1100];
const ROWS: u32[] = [1, 2, 3, 4, 5, 7, 63, 64, 65, 130, 203];
const EPSILON: f64 = 1e-3;

/** All tensors of a problem, each in watched room. */
class Case {
  private rooms: usize[] = [];
  private sizes: usize[] = [];
  x: usize;
  dy: usize;
  nu: usize;
  y: usize;
  prior: usize;
  mean: usize;
  variance: usize;
  gamma: usize;
  beta: usize;
  newPrior: usize;
  newMean: usize;
  newVariance: usize;
  dgamma: usize;
  dbeta: usize;
  table: usize;

  constructor(
    public rows: u32,
    public channels: u32,
    public components: u32,
    spread: f64 = 2,
  ) {
    const random = new Random(rows * 1000 + channels);
    this.x = this.numbers(rows * channels, random, -spread, spread);
    this.dy = this.numbers(rows * channels, random, -1, 1);
    this.nu = this.numbers(rows * components, random, 0, 0);
    this.y = this.numbers(rows * channels, random, 0, 0);
    this.prior = this.numbers(components, random, 0.1, 0.4);
    this.mean = this.numbers(components * channels, random, -1, 1);
    this.variance = this.numbers(components * channels, random, 0.5, 2);
    this.gamma = this.numbers(channels, random, -2, 2);
    this.beta = this.numbers(channels, random, -1, 1);
    this.newPrior = this.numbers(components, random, 0, 0);
    this.newMean = this.numbers(components * channels, random, 0, 0);
    this.newVariance = this.numbers(components * channels, random, 0, 0);
    this.dgamma = this.numbers(channels, random, 0, 0);
    this.dbeta = this.numbers(channels, random, 0, 0);
    this.table = this.take(mixture_norm_table_bytes(channels, components));
  }

  take(bytes: usize): usize {
    const at = room(bytes);
    this.rooms.push(at);
    this.sizes.push(bytes);
    return at;
  }

  private numbers(count: u32, random: Random, low: f64, high: f64): usize {
    const at = this.take((<usize>count) << 2);
    for (let i: u32 = 0; i < count; i++) setAt(at, i, random.between(low, high));
    return at;
  }

  prepare(isAffine: bool): void {
    mixture_norm_prepare(
      this.table,
      this.prior,
      this.mean,
      this.variance,
      isAffine ? this.gamma : 0,
      isAffine ? this.beta : 0,
      this.channels,
      this.components,
      EPSILON,
    );
  }

  /** A step of EM, over two chunks. */
  emStep(cut: u32): void {
    this.prepare(false);
    mixture_norm_e_step_accumulate(this.table, this.x, this.nu, 0, cut);
    mixture_norm_e_step_accumulate(
      this.table,
      this.x + ((cut * this.channels) << 2),
      this.nu + ((cut * this.components) << 2),
      cut,
      this.rows - cut,
    );
    mixture_norm_m_step_finalize(this.table, this.prior, this.variance, this.newPrior, this.newMean, this.newVariance);
  }

  d(i: u32, k: u32, c: u32): f64 {
    return <f64>getAt(this.x, i * this.channels + c) - <f64>getAt(this.mean, k * this.channels + c);
  }
  v(k: u32, c: u32): f64 {
    return <f64>getAt(this.variance, k * this.channels + c) + EPSILON;
  }
  tau(i: u32, k: u32): f64 {
    return getAt(this.nu, i * this.components + k);
  }
  gain(k: u32, c: u32): f64 {
    return 1 / Math.sqrt(<f64>getAt(this.prior, k) * this.v(k, c));
  }

  logDensity(i: u32, k: u32): f64 {
    let sum = Math.log(getAt(this.prior, k));
    for (let c: u32 = 0; c < this.channels; c++) {
      sum -= 0.5 * (Math.log(this.v(k, c)) + (this.d(i, k, c) * this.d(i, k, c)) / this.v(k, c));
    }
    return sum;
  }

  /** Frees all, and checks that nothing was written outside. */
  close(): void {
    for (let i = 0; i < this.rooms.length; i++) {
      expect<bool>(intact(this.rooms[i], this.sizes[i])).toBe(true, `written outside of room ${i}`);
      free(this.rooms[i]);
    }
  }
}

let worst: f64 = 0;
function keep(actual: f64, exact: f64, scale: f64): void {
  const error = Math.abs(actual - exact) / scale;
  worst = worse(worst, error);
}

/** Calls f for all sizes, with one to four components. */
function each(f: (opened: Case) => void): void {
  worst = 0;
  for (let i = 0; i < CHANNELS.length; i++) {
    for (let j = 0; j < ROWS.length; j++) {
      const opened = new Case(ROWS[j], CHANNELS[i], <u32>(1 + ((i + j) % 4)));
      f(opened);
      opened.close();
    }
  }
}

describe("mixture_norm_e_step_accumulate", () => {
  it("computes the responsibilities of float64 formulas to 1e-5", () => {
    each((p) => {
      p.emStep(0);
      for (let i: u32 = 0; i < p.rows; i++) {
        for (let k: u32 = 0; k < p.components; k++) {
          const own = p.logDensity(i, k);
          let sum: f64 = 0;
          for (let j: u32 = 0; j < p.components; j++) sum += Math.exp(p.logDensity(i, j) - own);
          keep(p.tau(i, k), 1 / sum, 1);
        }
      }
    });
    expect<f64>(worst).toBeLessThan(1e-5);
  });

  it("computes their moments to 2e-6, in two chunks", () => {
    each((p) => {
      p.emStep(p.rows / 3);
      for (let k: u32 = 0; k < p.components; k++) {
        let n: f64 = 0;
        for (let i: u32 = 0; i < p.rows; i++) n += p.tau(i, k);
        keep(getAt(p.newPrior, k), n / p.rows, 1);
        if (n < 1e-3) continue;
        for (let c: u32 = 0; c < p.channels; c++) {
          let first: f64 = 0;
          let second: f64 = 0;
          for (let i: u32 = 0; i < p.rows; i++) first += (p.tau(i, k) * p.d(i, k, c)) / n;
          for (let i: u32 = 0; i < p.rows; i++) second += (p.tau(i, k) * (p.d(i, k, c) - first) * (p.d(i, k, c) - first)) / n;
          keep(getAt(p.newMean, k * p.channels + c), first + getAt(p.mean, k * p.channels + c), 1);
          keep(getAt(p.newVariance, k * p.channels + c), second, 1);
        }
      }
    });
    expect<f64>(worst).toBeLessThan(2e-6);
  });

  it("computes rows very far from all components; rows that are not finite are NaN, and not counted", () => {
    const p = new Case(70, 5, 3);
    for (let c: u32 = 0; c < 5; c++) setAt(p.x, 7 * 5 + c, 1e30);
    setAt(p.x, 8 * 5 + 3, NaN);
    setAt(p.x, 66 * 5, Infinity);
    p.emStep(0);
    let sum: f64 = 0;
    for (let k: u32 = 0; k < 3; k++) {
      sum += p.tau(7, k);
      expect<f64>(p.tau(8, k)).toBeNaN();
      expect<f64>(p.tau(66, k)).toBeNaN();
    }
    expect<f64>(sum).toBe(1);
    for (let k: u32 = 0; k < 3; k++) {
      let n: f64 = 0;
      for (let i: u32 = 0; i < 70; i++) if (i != 8 && i != 66) n += p.tau(i, k) / 68;
      keep(getAt(p.newPrior, k), n, 1);
      for (let c: u32 = 0; c < 5; c++) {
        expect<bool>(isFinite(getAt(p.newMean, k * 5 + c))).toBe(true);
        expect<bool>(isFinite(getAt(p.newVariance, k * 5 + c))).toBe(true);
      }
    }
    p.close();
  });

  it("leaves a component without mass its mean and variance", () => {
    const p = new Case(20, 6, 2);
    for (let c: u32 = 0; c < 6; c++) setAt(p.mean, 6 + c, 1000);
    p.emStep(0);
    expect<f32>(getAt(p.newPrior, 0)).toBe(1);
    expect<f32>(getAt(p.newPrior, 1)).toBe(0);
    for (let c: u32 = 0; c < 6; c++) {
      expect<f32>(getAt(p.newMean, 6 + c)).toBe(1000);
      expect<f32>(getAt(p.newVariance, 6 + c)).toBe(getAt(p.variance, 6 + c));
    }
    p.close();
  });
});

describe("mixture_norm_apply", () => {
  it("is Σ ν (x − E)/√(λ v) · gamma + beta to 2e-6", () => {
    each((p) => {
      p.emStep(0);
      p.prepare(true);
      mixture_norm_apply(p.table, p.x, p.nu, p.y, 0, p.rows);
      for (let i: u32 = 0; i < p.rows; i++) {
        for (let c: u32 = 0; c < p.channels; c++) {
          let y: f64 = 0;
          for (let k: u32 = 0; k < p.components; k++) y += p.tau(i, k) * p.gain(k, c) * p.d(i, k, c);
          y = y * getAt(p.gamma, c) + getAt(p.beta, c);
          keep(getAt(p.y, i * p.channels + c), y, 1 + Math.abs(y));
        }
      }
    });
    expect<f64>(worst).toBeLessThan(2e-6);
  });
});

describe("mixture_norm_grad_apply", () => {
  it("computes the gradients of float64 formulas to 2e-5, through mean and variance or not, in two chunks", () => {
    each((p) => {
      p.emStep(0);
      const batch = p.rows % 2 == 1;
      const cut = p.rows / 2;
      const begin = (cut * p.channels) << 2;
      const nu = p.nu + ((cut * p.components) << 2);
      p.prepare(true);
      mixture_norm_grad_accumulate(p.table, p.x, p.dy, p.nu, 0, cut);
      mixture_norm_grad_accumulate(p.table, p.x + begin, p.dy + begin, nu, cut, p.rows - cut);
      mixture_norm_grad_finalize(p.table, p.dgamma, p.dbeta, batch);
      mixture_norm_grad_apply(p.table, p.x, p.dy, p.nu, p.y, 0, cut);
      mixture_norm_grad_apply(p.table, p.x + begin, p.dy + begin, nu, p.y + begin, cut, p.rows - cut);
      const dx = new StaticArray<f64>(p.rows);
      for (let c: u32 = 0; c < p.channels; c++) {
        let ofGamma: f64 = 0;
        let ofBeta: f64 = 0;
        for (let i: u32 = 0; i < p.rows; i++) dx[i] = 0;
        for (let k: u32 = 0; k < p.components; k++) {
          let n: f64 = 0;
          let first: f64 = 0;
          let second: f64 = 0;
          for (let i: u32 = 0; i < p.rows; i++) {
            const dy: f64 = getAt(p.dy, i * p.channels + c);
            n += p.tau(i, k);
            first += p.tau(i, k) * dy;
            second += p.tau(i, k) * dy * p.d(i, k, c);
          }
          ofGamma += second * p.gain(k, c);
          ofBeta += first;
          for (let i: u32 = 0; i < p.rows; i++) {
            let inner: f64 = getAt(p.dy, i * p.channels + c);
            if (batch && n > 0) inner -= (first + (p.d(i, k, c) * second) / p.v(k, c)) / n;
            dx[i] += p.tau(i, k) * p.gain(k, c) * inner * getAt(p.gamma, c);
          }
        }
        keep(getAt(p.dgamma, c), ofGamma, 10 + Math.abs(ofGamma));
        keep(getAt(p.dbeta, c), ofBeta, 10 + Math.abs(ofBeta));
        for (let i: u32 = 0; i < p.rows; i++) keep(getAt(p.y, i * p.channels + c), dx[i], 10);
      }
    });
    expect<f64>(worst).toBeLessThan(2e-5);
  });
});

/** The initial mixture of all rows, in two chunks. */
function kmeansInit(p: Case): void {
  const sample = p.take(mixture_norm_kmeans_scratch_bytes(p.rows, p.channels, p.components));
  const draws = p.take((<usize>p.components) << 2);
  const random = new Random(1);
  for (let k: u32 = 0; k < p.components; k++) setAt(draws, k, random.between(0, 1));
  const cut = p.rows / 3;
  mixture_norm_kmeans_accumulate(sample, p.x, 0, cut, p.rows, p.channels);
  mixture_norm_kmeans_accumulate(sample, p.x + ((cut * p.channels) << 2), cut, p.rows - cut, p.rows, p.channels);
  mixture_norm_kmeans_finalize(p.table, sample, draws, p.newPrior, p.newMean, p.newVariance, p.rows, p.channels, p.components);
}

describe("mixture_norm_kmeans_finalize", () => {
  it("computes priors that sum to 1, and with one component the mean and the variance of all rows", () => {
    each((p) => {
      kmeansInit(p);
      let sum: f64 = 0;
      for (let k: u32 = 0; k < p.components; k++) sum += getAt(p.newPrior, k);
      keep(sum, 1, 1);
      if (p.components > 1) return;
      for (let c: u32 = 0; c < p.channels; c++) {
        let mean: f64 = 0;
        let square: f64 = 0;
        for (let i: u32 = 0; i < p.rows; i++) mean += <f64>getAt(p.x, i * p.channels + c) / p.rows;
        for (let i: u32 = 0; i < p.rows; i++) square += (<f64>getAt(p.x, i * p.channels + c) - mean) ** 2 / p.rows;
        keep(getAt(p.newMean, c), mean, 1);
        keep(getAt(p.newVariance, c), square, 1);
      }
    });
    expect<f64>(worst).toBeLessThan(5e-6);
  });

  it("finds clusters that are far apart, in a sample of many rows", () => {
    const p = new Case(3001, 6, 3, 0.1);
    for (let i: u32 = 0; i < 3001 * 6; i++) setAt(p.x, i, getAt(p.x, i) + 100 * <f32>(((i / 6) * 3) / 3001));
    kmeansInit(p);
    for (let k: u32 = 0; k < 3; k++) {
      expect<f64>(Math.abs(<f64>getAt(p.newPrior, k) - 1.0 / 3)).toBeLessThan(2e-3);
      expect<f32>(getAt(p.newVariance, k)).toBeLessThan(0.01);
    }
    p.close();
  });

  it("leaves out rows that are not finite, and the components for which there are no distinct rows", () => {
    const p = new Case(10, 3, 4);
    for (let i: u32 = 0; i < 30; i++) setAt(p.x, i, <f32>((i / 3) % 2));
    setAt(p.x, 0, NaN);
    setAt(p.x, 5, Infinity);
    kmeansInit(p);
    for (let k: u32 = 0; k < 4; k++) {
      expect<f32>(getAt(p.newPrior, k)).toBe(k < 2 ? 0.5 : 0);
      for (let c: u32 = 0; c < 3; c++) expect<f32>(getAt(p.newVariance, 3 * k + c)).toBe(0);
    }
    expect<f32>(getAt(p.newMean, 0) + getAt(p.newMean, 3)).toBe(1);
    p.close();
  });
});
