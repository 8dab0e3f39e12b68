import { adam_update_apply, adam_update_prepare, adam_update_table_bytes } from "../../assembly/optimizer/adamUpdate";
import {
  sgd_update_apply,
  sgd_update_momentum_apply,
  sgd_update_prepare,
  sgd_update_table_bytes,
} from "../../assembly/optimizer/sgdUpdate";
import { free, getAt, intact, Random, room, setAt, worse } from "./support";

const MAX_COUNT: u32 = 19;

/** Random numbers from low to 1. */
function numbers(random: Random, count: u32, low: f64 = -1): usize {
  const at = room(4 * count);
  for (let i: u32 = 0; i < count; i++) setAt(at, i, random.between(low, 1));
  return at;
}

function copyOf(from: usize, count: u32): usize {
  const at = room(4 * count);
  memory.copy(at, from, 4 * count);
  return at;
}

/** Whether two tensors have the same bits, and nothing was written around them. */
function same(a: usize, b: usize, count: u32): bool {
  return memory.compare(a, b, 4 * count) == 0 && intact(a, 4 * count) && intact(b, 4 * count);
}

describe("a step of Adam", () => {
  it("is within 2e-7 of float64, for any count; in place it is the same to the bit; it writes nothing else", () => {
    const random = new Random(1);
    const table = room(adam_update_table_bytes());
    adam_update_prepare(table, 0.75, 0.25, 0.875, 0.125, 2, 4, 0.5, -0.25, 0.9375);
    expect<bool>(intact(table, adam_update_table_bytes())).toBe(true);
    let error: f64 = 0;
    for (let count: u32 = 0; count <= MAX_COUNT; count++) {
      const gradient = numbers(random, count);
      const weight = numbers(random, count);
      const m = numbers(random, count);
      const v = numbers(random, count, 0);
      const newWeight = room(4 * count);
      const newM = room(4 * count);
      const newV = room(4 * count);
      adam_update_apply(table, gradient, weight, m, v, newWeight, newM, newV, 0, count);
      for (let i: u32 = 0; i < count; i++) {
        const g = <f64>getAt(gradient, i);
        const a = 0.75 * <f64>getAt(m, i) + 0.25 * g;
        const b = 0.875 * <f64>getAt(v, i) + 0.125 * g * g;
        const w = 0.9375 * <f64>getAt(weight, i) - (0.25 * 2 * a) / (Math.sqrt(4 * b) + 0.5);
        error = worse(error, Math.abs(<f64>getAt(newWeight, i) - w));
        error = worse(error, Math.abs(<f64>getAt(newM, i) - a));
        error = worse(error, Math.abs(<f64>getAt(newV, i) - b));
      }
      adam_update_apply(table, gradient, weight, m, v, weight, m, v, 0, count);
      expect<bool>(same(weight, newWeight, count)).toBe(true, "weight");
      expect<bool>(same(m, newM, count)).toBe(true, "m");
      expect<bool>(same(v, newV, count)).toBe(true, "v");
      free(gradient);
      free(weight);
      free(m);
      free(v);
      free(newWeight);
      free(newM);
      free(newV);
    }
    expect<f64>(error).toBeLessThan(2e-7);
    free(table);
  });
});

describe("a step of gradient descent", () => {
  it("is that of float32 operations to the bit, for any count, with and without momentum, in place or not", () => {
    const random = new Random(2);
    const table = room(sgd_update_table_bytes());
    for (let nesterov = 0; nesterov < 2; nesterov++) {
      sgd_update_prepare(table, -0.3, 0.9, 0.7, nesterov == 1);
      expect<bool>(intact(table, sgd_update_table_bytes())).toBe(true);
      for (let count: u32 = 0; count <= MAX_COUNT; count++) {
        const gradient = numbers(random, count);
        const weight = numbers(random, count);
        const accumulation = numbers(random, count);
        const plain = room(4 * count);
        const newWeight = room(4 * count);
        const newAccumulation = room(4 * count);
        sgd_update_apply(table, gradient, weight, plain, 0, count);
        sgd_update_momentum_apply(table, gradient, weight, accumulation, newWeight, newAccumulation, 0, count);
        for (let i: u32 = 0; i < count; i++) {
          const g = getAt(gradient, i);
          const kept: f32 = getAt(weight, i) * <f32>0.9;
          const a: f32 = <f32>0.7 * getAt(accumulation, i) + g;
          const direction: f32 = nesterov == 1 ? g + a * <f32>0.7 : a;
          expect<f32>(getAt(plain, i)).toBe(<f32>-0.3 * g + kept);
          expect<f32>(getAt(newAccumulation, i)).toBe(a);
          expect<f32>(getAt(newWeight, i)).toBe(<f32>-0.3 * direction + kept);
        }
        const inPlace = copyOf(weight, count);
        sgd_update_apply(table, gradient, inPlace, inPlace, 0, count);
        expect<bool>(same(inPlace, plain, count)).toBe(true, "plain");
        sgd_update_momentum_apply(table, gradient, weight, accumulation, weight, accumulation, 0, count);
        expect<bool>(same(weight, newWeight, count)).toBe(true, "weight");
        expect<bool>(same(accumulation, newAccumulation, count)).toBe(true, "accumulation");
        free(gradient);
        free(weight);
        free(accumulation);
        free(plain);
        free(newWeight);
        free(newAccumulation);
        free(inPlace);
      }
    }
    free(table);
  });
});
