import { batch_moments_norm_finalize } from "../../assembly/batchMomentsNorm/accumulate";
import {
  batch_moments_norm_grad_finalize,
  batch_moments_norm_grad_prepare,
  batch_moments_norm_grad_sums_finalize,
} from "../../assembly/batchMomentsNorm/gradFinalize";
import {
  batch_moments_norm_accumulate,
  batch_moments_norm_apply,
  batch_moments_norm_grad_accumulate,
  batch_moments_norm_grad_apply,
} from "../../assembly/batchMomentsNorm/passes";
import {
  batch_moments_norm_accumulator_count,
  batch_moments_norm_grad_accumulator_count,
  batch_moments_norm_prepare,
} from "../../assembly/batchMomentsNorm/table";
import { mixture_merge } from "../../assembly/mixture/table";
import {
  mixture_moments_accumulate,
  mixture_moments_accumulator_count,
  mixture_moments_finalize,
} from "../../assembly/mixtureMoments";
import { chunkAlignment } from "../../assembly/simd/walk";
import { Problem } from "./problem";
import { free, getAt, intact, Random, room, setAt } from "./support";

// tests/contracts/batchMoments.ts compares values and gradients with the reference. Here is what takes the functions themselves: where
// they write, that chunks and tables add up to the same, and that sums in float32 equal those in float64.

const CHANNELS: u32[] = [1, 3, 4, 7, 2, 3];
const INNER: u32[] = [1, 1, 1, 3, 16, 50];
const COUNT: u32 = 1003;

/** Places for arrays, all to be freed in the end. */
class Places {
  at: usize[] = [];
  bytes: usize[] = [];
  take(numbers: u32): usize {
    const at = room(4 * numbers);
    this.at.push(at);
    this.bytes.push(4 * numbers);
    return at;
  }
  drop(): bool {
    let areIntact = true;
    for (let i = 0; i < this.at.length; i++) {
      areIntact = intact(this.at[i], this.bytes[i]) && areIntact;
      free(this.at[i]);
    }
    return areIntact;
  }
}

/** The largest difference of two arrays, relative to the second's largest number. */
function distance(a: usize, b: usize, numbers: u32): f64 {
  let most: f64 = 0;
  let scale: f64 = 1e-30;
  for (let i: u32 = 0; i < numbers; i++) {
    most = max(most, Math.abs(<f64>getAt(a, i) - <f64>getAt(b, i)));
    scale = max(scale, Math.abs(getAt(b, i)));
  }
  return most / scale;
}

describe("batch_moments_norm", () => {
  it("has the moments of mixture_moments_accumulate to 1e-5, near, far, and where the mixture is elsewhere", () => {
    for (let i = 0; i < CHANNELS.length; i++) {
      for (let components: u32 = 1; components <= 4; components++) {
        for (let offset: f32 = 0; offset < 400; offset += 300) {
          const problem = new Problem(CHANNELS[i], INNER[i], components, components);
          const size = components * problem.channels;
          const places = new Places();
          const x = places.take(COUNT);
          const random = new Random(3);
          for (let j: u32 = 0; j < COUNT; j++) setAt(x, j, offset + random.between(-4, 4));
          const wanted: usize[] = [places.take(size), places.take(size), places.take(size)];
          problem.prepare(mixture_moments_accumulator_count(components), false);
          mixture_moments_accumulate(problem.table, x, 0, COUNT);
          mixture_moments_finalize(problem.table, problem.meanAt, problem.varianceAt, wanted[0], wanted[1], wanted[2]);
          expect<bool>(problem.drop()).toBe(true, "written outside of the table");

          const found: usize[] = [places.take(size), places.take(size), places.take(size), places.take(size)];
          problem.prepare(batch_moments_norm_accumulator_count(problem.slots), true);
          const table = problem.table;
          batch_moments_norm_prepare(table);
          batch_moments_norm_accumulate(table, x, 0, COUNT);
          // biome-ignore format: one line
          batch_moments_norm_finalize(table, problem.varianceAt, 0, 0, 0, 0, found[0], found[1], found[2], found[3], 1e-3);
          for (let j = 0; j < 3; j++) {
            expect<f64>(distance(found[j], wanted[j], size)).toBeLessThan(1e-5, `${CHANNELS[i]}, ${INNER[i]}, ${offset}, ${j}`);
          }
          expect<bool>(problem.drop()).toBe(true, "written outside of the table");
          expect<bool>(places.drop()).toBe(true, "written outside of an array");
        }
      }
    }
  });

  it("writes where it may, and gives the same in chunks whose tables are merged, gradients too", () => {
    for (let i = 0; i < CHANNELS.length; i++) {
      const components: u32 = 3;
      const problem = new Problem(CHANNELS[i], INNER[i], components, 5);
      const size = components * problem.channels;
      const chunk = chunkAlignment(problem.channels, INNER[i]) * (48 / chunkAlignment(problem.channels, INNER[i]) + 1);
      const places = new Places();
      const x = places.take(COUNT);
      const dy = places.take(COUNT);
      const random = new Random(3);
      for (let j: u32 = 0; j < COUNT; j++) {
        const isFar = random.between(0, 16) < 1;
        setAt(x, j, isFar ? random.between(-400, 400) : random.between(-4, 4));
        setAt(dy, j, random.between(-1, 1));
      }
      const results: usize[] = [];
      let sizes: u32[] = [];
      for (let parts = 0; parts < 2; parts++) {
        const moments: usize[] = [places.take(size), places.take(size), places.take(size), places.take(size)];
        const y = places.take(COUNT);
        problem.prepare(batch_moments_norm_accumulator_count(problem.slots), true);
        let table = problem.table;
        batch_moments_norm_prepare(table);
        const copy = room(problem.tableBytes);
        memory.copy(copy, table, problem.tableBytes);
        const half = parts ? chunk : COUNT;
        batch_moments_norm_accumulate(table, x, 0, half);
        if (parts) {
          batch_moments_norm_accumulate(copy, x + 4 * half, half, COUNT - half);
          mixture_merge(table, copy);
        }
        // biome-ignore format: one line
        batch_moments_norm_finalize(table, problem.varianceAt, problem.priorAt, 0, 0, 0, moments[0], moments[1], moments[2], moments[3], 1e-3);
        batch_moments_norm_apply(table, x, y, 0, half);
        if (parts) batch_moments_norm_apply(table, x + 4 * half, y + 4 * half, half, COUNT - half);
        expect<bool>(intact(copy, problem.tableBytes)).toBe(true, "written outside of a copy");
        free(copy);
        expect<bool>(problem.drop()).toBe(true, "written outside of the table");

        const dx = places.take(COUNT);
        const grads: usize[] = [places.take(size), places.take(size), places.take(components)];
        const dgamma = places.take(problem.channels);
        const dbeta = places.take(problem.channels);
        problem.prepare(batch_moments_norm_grad_accumulator_count(problem.slots), true);
        table = problem.table;
        // biome-ignore format: one line
        batch_moments_norm_grad_prepare(table, problem.priorAt, 0, 0, 0, moments[0], moments[1], moments[2], moments[3], 1e-3);
        const gradCopy = room(problem.tableBytes);
        memory.copy(gradCopy, table, problem.tableBytes);
        batch_moments_norm_grad_accumulate(table, x, dy, 0, half);
        if (parts) {
          batch_moments_norm_grad_accumulate(gradCopy, x + 4 * half, dy + 4 * half, half, COUNT - half);
          mixture_merge(table, gradCopy);
        }
        batch_moments_norm_grad_sums_finalize(table, problem.priorAt, 0, moments[0], grads[2], dgamma, dbeta, 1e-3);
        memory.copy(gradCopy, table, problem.tableBytes);
        batch_moments_norm_grad_apply(table, x, dy, dx, 0, half);
        if (parts) {
          batch_moments_norm_grad_apply(gradCopy, x + 4 * half, dy + 4 * half, dx + 4 * half, half, COUNT - half);
          mixture_merge(table, gradCopy);
        }
        batch_moments_norm_grad_finalize(table, problem.priorAt, grads[0], grads[1], grads[2]);
        expect<bool>(intact(gradCopy, problem.tableBytes)).toBe(true, "written outside of a copy");
        free(gradCopy);
        expect<bool>(problem.drop()).toBe(true, "written outside of the table");
        for (let j = 0; j < 3; j++) results.push(moments[j]);
        for (let j = 0; j < 3; j++) results.push(grads[j]);
        results.push(y);
        results.push(dx);
        results.push(dgamma);
        results.push(dbeta);
        sizes = [size, size, size, size, size, components, COUNT, COUNT, problem.channels, problem.channels];
      }
      for (let j = 0; j < sizes.length; j++) {
        expect<f64>(distance(results[sizes.length + j], results[j], sizes[j])).toBeLessThan(
          2e-5,
          `${CHANNELS[i]}, ${INNER[i]}, ${j}`,
        );
      }
      expect<bool>(places.drop()).toBe(true, "written outside of an array");
    }
  });
});
