import { broadcast_apply, broadcast_scratch_bytes, broadcast_table_bytes } from "../../assembly/broadcast";
import {
  AND,
  CLIP_GRAD,
  EQUAL,
  FLOOR_DIV,
  GREATER,
  GREATER_EQUAL,
  MAXIMUM,
  MINIMUM,
  NOT_EQUAL,
  OR,
  RELU_GRAD,
  SIGMOID_GRAD,
  TANH_GRAD,
  XOR,
} from "../../assembly/constants";
import { select_apply } from "../../assembly/select";
import { free, intact, room } from "./support";

const OPERATIONS: StaticArray<u32> = [
  AND,
  CLIP_GRAD,
  EQUAL,
  FLOOR_DIV,
  GREATER,
  GREATER_EQUAL,
  MAXIMUM,
  MINIMUM,
  NOT_EQUAL,
  OR,
  RELU_GRAD,
  SIGMOID_GRAD,
  TANH_GRAD,
  XOR,
];

/** Results of [rows, columns], of a [rows, 1] and a b [1, columns], or of one axis, of equal tensors. */
function apply(operation: u32, rows: u32, columns: u32): void {
  const bytes: u32 = operation >= AND ? 1 : 4;
  const outBytes: u32 = operation >= GREATER ? 1 : 4;
  const count = rows * columns;
  const axes: u32 = rows > 1 ? 2 : 1;
  const planBytes = broadcast_table_bytes(axes) + broadcast_scratch_bytes();
  const plan = room(planBytes);
  const aSize = (rows > 1 ? rows : columns) * bytes;
  const a = room(aSize);
  const b = room(columns * bytes);
  const out = room(count * outBytes);
  memory.fill(a, 1, aSize);
  memory.fill(b, 2, columns * bytes);
  store<u32>(plan, operation);
  store<f32>(plan, -1, 4);
  store<f32>(plan, 1, 8);
  store<u32>(plan, axes, 12);
  store<u32>(plan, columns, 16);
  store<u32>(plan, rows > 1 ? 0 : 1, 20);
  store<u32>(plan, 1, 24);
  if (rows > 1) {
    store<u32>(plan, rows, 28);
    store<u32>(plan, 1, 32);
    store<u32>(plan, 0, 36);
  }
  broadcast_apply(plan, a, b, out, 0, count);
  let isWritten = true;
  for (let i: u32 = 0; i < count; i++) if (load<u8>(out + i * outBytes) == 0xa5) isWritten = false;
  expect<bool>(isWritten).toBe(true, `${operation}: a result of [${rows}, ${columns}] is missing`);
  const isIntact = intact(plan, planBytes) && intact(a, aSize) && intact(b, columns * bytes) && intact(out, count * outBytes);
  expect<bool>(isIntact).toBe(true, `${operation}: written outside of [${rows}, ${columns}]`);
  free(out);
  free(b);
  free(a);
  free(plan);
}

describe("functions of two numbers", () => {
  it("write every result, and nothing outside of it and the plan", () => {
    for (let i = 0; i < OPERATIONS.length; i++) {
      for (let columns: u32 = 1; columns < 24; columns++) {
        apply(OPERATIONS[i], 1, columns);
        apply(OPERATIONS[i], 2, columns);
        apply(OPERATIONS[i], 67, columns);
      }
    }
  });

  it("may be computed in chunks", () => {
    const plan = room(broadcast_table_bytes(2) + broadcast_scratch_bytes());
    const a = room(4 * 6);
    const b = room(4 * 5);
    const out = room(4 * 30);
    for (let i: u32 = 0; i < 6; i++) store<f32>(a + 4 * i, <f32>i);
    for (let i: u32 = 0; i < 5; i++) store<f32>(b + 4 * i, <f32>i + 0.5);
    const words: StaticArray<u32> = [MAXIMUM, 0, 0, 2, 5, 0, 1, 6, 1, 0];
    for (let i = 0; i < 10; i++) store<u32>(plan + 4 * i, words[i]);
    broadcast_apply(plan, a, b, out, 20, 10);
    broadcast_apply(plan, a, b, out, 0, 20);
    for (let i: u32 = 0; i < 30; i++) expect<f32>(load<f32>(out + 4 * i)).toBe(max<f32>(<f32>(i / 5), <f32>(i % 5) + 0.5));
    free(out);
    free(b);
    free(a);
    free(plan);
  });
});

describe("select", () => {
  it("writes every result, and nothing outside, from a chunk on", () => {
    for (let count: u32 = 0; count < 14; count++) {
      const condition = room(count + 16);
      const t = room(4 * count);
      const e = room(4 * count);
      const out = room(4 * count);
      for (let i: u32 = 0; i < count; i++) {
        store<u8>(condition + 16 + i, i % 3 ? 1 : 0);
        store<f32>(t + 4 * i, 1);
        store<f32>(e + 4 * i, 2);
      }
      select_apply(0, condition, t, e, out, 16, count);
      for (let i: u32 = 0; i < count; i++) expect<f32>(load<f32>(out + 4 * i)).toBe(i % 3 ? 1 : 2);
      expect<bool>(intact(out, 4 * count)).toBe(true);
      free(out);
      free(e);
      free(t);
      free(condition);
    }
  });
});
