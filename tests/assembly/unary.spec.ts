import { ELU, ERF, EXP, EXPM1, LEAKY_RELU, LOG, RSQRT, SELU, SIGMOID, SOFTPLUS, SQRT, TANH } from "../../assembly/constants";
import { unary_apply, unary_prepare, unary_table_bytes } from "../../assembly/unary";
import { free, getAt, intact, room, setAt, UNWRITTEN } from "./support";

const OPERATIONS: StaticArray<u32> = [ELU, ERF, EXP, EXPM1, LEAKY_RELU, LOG, RSQRT, SELU, SIGMOID, SOFTPLUS, SQRT, TANH];

describe("functions of one number", () => {
  it("write every number of y, and nothing outside of y and the table", () => {
    const bytes = unary_table_bytes();
    for (let i = 0; i < OPERATIONS.length; i++) {
      const table = room(bytes);
      unary_prepare(table, OPERATIONS[i], 0.5);
      for (let count: u32 = 0; count < 14; count++) {
        const x = room(4 * count);
        const y = room(4 * count);
        for (let j: u32 = 0; j < count; j++) setAt(x, j, <f32>(j + 1));
        unary_apply(table, x, y, 0, count);
        for (let j: u32 = 0; j < count; j++) expect<f32>(getAt(y, j)).not.toBe(UNWRITTEN);
        expect<bool>(intact(x, 4 * count) && intact(y, 4 * count) && intact(table, bytes)).toBe(true, `${i}, ${count} numbers`);
        free(y);
        free(x);
      }
      free(table);
    }
  });

  it("log of normal and other numbers side by side is that of each alone", () => {
    const table = room(unary_table_bytes());
    unary_prepare(table, LOG, 0);
    const x = room(16);
    const y = room(16);
    setAt(x, 0, 1e-40);
    setAt(x, 1, 3);
    setAt(x, 2, 0);
    setAt(x, 3, -1);
    unary_apply(table, x, y, 0, 4);
    expect<f32>(getAt(y, 0)).toBe(<f32>Math.log(<f64>getAt(x, 0)));
    expect<f32>(getAt(y, 1)).toBe(<f32>Math.log(3));
    expect<f32>(getAt(y, 2)).toBe(-Infinity);
    expect<bool>(isNaN(getAt(y, 3))).toBe(true);
    free(y);
    free(x);
    free(table);
  });
});
