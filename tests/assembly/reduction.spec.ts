import { MAXIMUM, MEAN, MINIMUM, PRODUCT, SUM } from "../../assembly/constants";
import {
  reduction_accumulate,
  reduction_apply,
  reduction_finalize,
  reduction_merge,
  reduction_prepare,
  reduction_table_bytes,
} from "../../assembly/reduction";
import { free, getAt, intact, Random, room, setAt } from "./support";

/** Sizes of axes, reduced and kept by turns. */
const AXES: StaticArray<u32>[] = [
  [37, 1],
  [1, 5],
  [21, 3],
  [3, 1100],
  [70, 66],
  [1, 9, 3],
  [2, 7, 50],
  [1, 6, 3, 5],
  [2, 5, 40, 7],
  [1, 3, 20, 1030],
  [2, 3, 2, 3, 5],
  [1, 2, 3, 2, 4, 3],
  [2, 2, 2, 2, 2, 2, 3],
];

let axes: StaticArray<u32> = AXES[0];
let count: u32 = 0;
let results: u32 = 0;
let x: usize = 0;

function sizeOf(i: i32): u32 {
  return i < axes.length ? axes[i] : 1;
}

function open(opened: StaticArray<u32>): void {
  axes = opened;
  count = 1;
  results = 1;
  for (let i = 0; i < axes.length; i++) {
    count *= axes[i];
    if (i & 1) results *= axes[i];
  }
  x = room(4 * count);
  const random = new Random(7);
  for (let i: u32 = 0; i < count; i++) setAt(x, i, random.between(0.9, 1.1));
}

function close(): void {
  expect<bool>(intact(x, 4 * count)).toBe(true, "written outside of x");
  free(x);
}

/** A plan with accumulators for so many results. */
function planOf(operation: u32, accumulators: u32): usize {
  const plan = room(reduction_table_bytes(accumulators));
  reduction_prepare(
    plan,
    operation,
    accumulators,
    axes.length,
    sizeOf(0),
    sizeOf(1),
    sizeOf(2),
    sizeOf(3),
    sizeOf(4),
    sizeOf(5),
    sizeOf(6),
  );
  return plan;
}

function drop(plan: usize, accumulators: u32): void {
  expect<bool>(intact(plan, reduction_table_bytes(accumulators))).toBe(true, "written outside of the plan");
  free(plan);
}

/** The result that a number is reduced to. */
function resultAt(at: u32): u32 {
  let result: u32 = 0;
  let step: u32 = 1;
  for (let i = axes.length - 1; i >= 0; i--) {
    if (i & 1) {
      result += (at % axes[i]) * step;
      step *= axes[i];
    }
    at /= axes[i];
  }
  return result;
}

/** The largest relative error of results. */
function errorOf(operation: u32, out: usize): f64 {
  let worst: f64 = 0;
  for (let result: u32 = 0; result < results; result++) {
    let exact: f64 = operation == PRODUCT ? 1 : operation == MAXIMUM ? -Infinity : operation == MINIMUM ? Infinity : 0;
    for (let i: u32 = 0; i < count; i++) {
      if (resultAt(i) != result) continue;
      const number = <f64>getAt(x, i);
      if (operation == PRODUCT) exact *= number;
      else if (operation == MAXIMUM) exact = max(exact, number);
      else if (operation == MINIMUM) exact = min(exact, number);
      else exact += number;
    }
    if (operation == MEAN) exact /= <f64>(count / results);
    const error = Math.abs(<f64>getAt(out, result) / exact - 1);
    if (!(error <= worst)) worst = isNaN(error) ? Infinity : error;
  }
  return worst;
}

describe("reductions", () => {
  it("are float64's, rounded to float32, and write nothing else: of all positions, or a block of them at a time", () => {
    for (let i = 0; i < AXES.length; i++) {
      open(AXES[i]);
      // Results are looked for among all numbers.
      const isLarge = count > 10000;
      for (let operation: u32 = SUM; operation <= MINIMUM; operation++) {
        const out = room(4 * results);
        const each = results / axes[1];
        for (let block = each; block <= results; block += max<u32>(results - each, each)) {
          const plan = planOf(operation, block);
          reduction_apply(plan, x, out, 0, count);
          drop(plan, block);
        }
        expect<bool>(intact(out, 4 * results)).toBe(true, "written outside of the results");
        if (!isLarge) expect<f64>(errorOf(operation, out)).toBeLessThan(6e-8, i.toString());
        free(out);
      }
      close();
    }
  });

  it("add up over chunks of R0, cut anywhere", () => {
    for (let i = 0; i < AXES.length; i++) {
      open(AXES[i]);
      const row = count / axes[0];
      if (count > 10000) {
        close();
        continue;
      }
      for (let cut: u32 = 0; cut <= axes[0]; cut++) {
        const out = room(4 * results);
        const plan = planOf(SUM, results);
        const other = planOf(SUM, results);
        reduction_accumulate(plan, x, 0, cut * row);
        reduction_accumulate(other, x, cut * row, count - cut * row);
        reduction_merge(plan, other);
        reduction_finalize(plan, out);
        expect<f64>(errorOf(SUM, out)).toBeLessThan(6e-8, i.toString());
        expect<bool>(intact(out, 4 * results)).toBe(true, "written outside of the results");
        drop(plan, results);
        drop(other, results);
        free(out);
      }
      close();
    }
  });
});
