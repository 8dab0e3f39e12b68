import { copy_apply, fill_apply, gather_apply, gather_check } from "../../assembly/copy";
import { free, intact, Random, room } from "./support";

/** Sizes of columns, rows, planes and blocks: around those of vectors, tiles, blocks, and runs that the engine copies. */
const SIZES: StaticArray<u32>[] = [
  [1, 1, 1, 1],
  [3, 5, 2, 1],
  [4, 4, 1, 2],
  [5, 7, 2, 2],
  [17, 2, 3, 1],
  [2, 19, 1, 3],
  [16, 33, 2, 1],
  [35, 18, 1, 2],
  [257, 3, 2, 1],
  [1100, 2, 1, 1],
];

/** What is read along columns: contiguous elements, one and the same, every second, those before, or those of another axis. */
const CONTIGUOUS = 0;
const SAME = 1;
const APART = 2;
const BACKWARDS = 3;
const TRANSPOSED = 4;

function elementAt(p: usize, element: u32): u32 {
  return element == 1 ? load<u8>(p) : load<u32>(p);
}

describe("copies", () => {
  it("write each element once, whatever is read, and nothing else: of 4 bytes and of 1", () => {
    for (let i = 0; i < SIZES.length; i++) {
      const columns = SIZES[i][0];
      const rows = SIZES[i][1];
      const planes = SIZES[i][2];
      const blocks = SIZES[i][3];
      const count = columns * rows * planes * blocks;
      for (let element: u32 = 1; element <= 4; element += 3) {
        for (let kind = CONTIGUOUS; kind <= TRANSPOSED; kind++) {
          // Steps in elements. What is written has a gap between rows.
          const columnFrom: i32 = kind == SAME ? 0 : kind == APART ? 2 : kind == BACKWARDS ? -1 : kind == TRANSPOSED ? rows : 1;
          const rowFrom: i32 = kind == TRANSPOSED ? 1 : 2 * columns;
          const first = kind == BACKWARDS ? columns - 1 : 0;
          const plane: i32 = 2 * columns * rows;
          const x = room(2 * count * element);
          const random = new Random(3);
          for (let at: u32 = 0; at < 2 * count * element; at++) store<u8>(x + at, <u8>random.between(0, 256));
          const rowTo = columns + 1;
          const bytes = rowTo * rows * planes * blocks * element;
          const out = room(bytes);
          copy_apply(
            x + first * element,
            out,
            element,
            columns,
            columnFrom * element,
            rows,
            rowFrom * element,
            rowTo * element,
            planes,
            plane * element,
            rowTo * rows * element,
            blocks,
            plane * planes * element,
            rowTo * rows * planes * element,
          );
          let wrong = 0;
          for (let at: u32 = 0; at < rowTo * rows * planes * blocks; at++) {
            const column: i32 = at % rowTo;
            const row: i32 = (at / rowTo) % rows;
            const others: i32 = at / (rowTo * rows);
            const found = elementAt(out + at * element, element);
            const from = first + column * columnFrom + row * rowFrom + others * plane;
            const wanted = column == columns ? (element == 1 ? 0xa5 : 0xa5a5a5a5) : elementAt(x + from * element, element);
            if (found != wanted) wrong++;
          }
          expect<i32>(wrong).toBe(0, `${i} ${kind}`);
          expect<bool>(intact(out, bytes)).toBe(true, "written outside of the output");
          free(out);
          free(x);
        }
      }
    }
  });

  it("fill any number of elements, and nothing else", () => {
    for (let count: u32 = 0; count < 40; count++) {
      for (let element: u32 = 1; element <= 4; element += 3) {
        for (let bits: u32 = 0; bits < 2; bits++) {
          const out = room(count * element);
          fill_apply(out, element, bits, count);
          let wrong = 0;
          for (let at: u32 = 0; at < count; at++) if (elementAt(out + at * element, element) != bits) wrong++;
          expect<i32>(wrong).toBe(0);
          expect<bool>(intact(out, count * element)).toBe(true, "written outside of the output");
          free(out);
        }
      }
    }
  });

  it("gather runs of any length by their index, and say which index is not there", () => {
    const indices = room(4 * 6);
    for (let i: u32 = 0; i < 6; i++) store<u32>(indices + 4 * i, (i * 7) % 5);
    for (let bytes: u32 = 1; bytes < 70; bytes++) {
      const x = room(2 * 3 * 5 * bytes);
      for (let at: u32 = 0; at < 2 * 3 * 5 * bytes; at++) store<u8>(x + at, <u8>(at * 31));
      const out = room(2 * 3 * 3 * bytes);
      gather_apply(x, indices, out, 2, 3, 5, 3, bytes);
      let wrong = 0;
      for (let at: u32 = 0; at < 2 * 3 * 3 * bytes; at++) {
        const run = at / bytes;
        const index = load<u32>(indices + 4 * ((run / 9) * 3 + (run % 3)));
        if (load<u8>(out + at) != load<u8>(x + ((run / 3) * 5 + index) * bytes + (at % bytes))) wrong++;
      }
      expect<i32>(wrong).toBe(0);
      expect<bool>(intact(out, 2 * 3 * 3 * bytes)).toBe(true, "written outside of the output");
      free(out);
      free(x);
    }
    expect<i32>(gather_check(indices, 6, 5)).toBe(0);
    expect<i32>(gather_check(indices, 6, 4)).toBe(4);
    expect<i32>(gather_check(indices, 0, 0)).toBe(0);
    store<i32>(indices, -1);
    expect<i32>(gather_check(indices, 6, 5)).toBe(-1);
    free(indices);
  });
});
