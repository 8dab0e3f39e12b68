import { COLUMNS, gemmColumnTile, gemmTiles, PANEL, ROWS, Steps } from "../../../assembly/simd/gemm";

const SEGMENTS: u32 = 2;
const LENGTH: u32 = 5;
/** Those of two whole tiles, and one. */
const MAX_ROWS: u32 = 2 * ROWS + 1;

function fill(at: usize, count: u32, seed: f32): void {
  for (let i: u32 = 0; i < count; i++) store<f32>(at + ((<usize>i) << 2), <f32>(<i32>(i * 7 + <u32>seed) % 11) - 5);
}

describe("gemmTiles", () => {
  it("is the product of its rows and columns, exactly for small integers, and writes nothing else", () => {
    const k = SEGMENTS * LENGTH;
    const steps = changetype<Steps>(heap.alloc(offsetof<Steps>()));
    steps.length = LENGTH;
    steps.step = 12;
    steps.segments = SEGMENTS;
    steps.segmentStep = 100;
    const a = heap.alloc(1024);
    const b = heap.alloc(k * PANEL);
    const c = heap.alloc(1024);
    const edge = heap.alloc(ROWS * PANEL);
    fill(a, 256, 1);
    fill(b, k * COLUMNS, 3);
    const cStep: usize = 48;
    for (let accumulate = 0; accumulate < 2; accumulate++) {
      for (let rows: u32 = 1; rows <= MAX_ROWS; rows++) {
        for (let columns: u32 = 1; columns <= COLUMNS; columns++) {
          for (let i: usize = 0; i < 256; i++) store<f32>(c + (i << 2), 1000);
          gemmTiles(steps, a, 4, 4 * ROWS, b, PANEL, c, cStep, rows, columns, accumulate == 1, edge);
          for (let row: u32 = 0; row < MAX_ROWS + 2; row++) {
            for (let column: u32 = 0; column < 12; column++) {
              let wanted: f32 = 1000;
              if (row < rows && column < columns) {
                wanted = accumulate == 1 ? 1000 : 0;
                for (let s: u32 = 0; s < SEGMENTS; s++) {
                  for (let i: u32 = 0; i < LENGTH; i++) {
                    const left = load<f32>(a + row * 4 + s * steps.segmentStep + i * steps.step);
                    wanted += left * load<f32>(b + (s * LENGTH + i) * PANEL + (column << 2));
                  }
                }
              }
              expect<f32>(load<f32>(c + row * cStep + (column << 2))).toBe(wanted);
            }
          }
        }
      }
    }
    heap.free(changetype<usize>(steps));
    heap.free(a);
    heap.free(b);
    heap.free(c);
    heap.free(edge);
  });
});

describe("gemmColumnTile", () => {
  it("is the product of its rows and one column, exactly for small integers, and writes nothing else", () => {
    const steps = changetype<Steps>(heap.alloc(offsetof<Steps>()));
    steps.step = 4;
    steps.segmentStep = 100;
    steps.segments = SEGMENTS;
    const a = heap.alloc(1024);
    const b = heap.alloc(1024);
    const c = heap.alloc(1024);
    fill(a, 256, 1);
    fill(b, 256, 3);
    const cStep: usize = 8;
    for (let length: u32 = 0; length < 14; length++) {
      steps.length = length;
      for (let accumulate = 0; accumulate < 2; accumulate++) {
        for (let rows: u32 = 1; rows <= ROWS; rows++) {
          for (let i: usize = 0; i < 256; i++) store<f32>(c + (i << 2), 1000);
          gemmColumnTile(steps, a, 60, b, c, cStep, rows, accumulate == 1);
          for (let i: u32 = 0; i < 12; i++) {
            const row = i / 2;
            let wanted: f32 = 1000;
            if (row < rows && i % 2 == 0) {
              wanted = accumulate == 1 ? 1000 : 0;
              for (let s: u32 = 0; s < SEGMENTS; s++) {
                for (let k: u32 = 0; k < length; k++) {
                  const left = load<f32>(a + row * 60 + s * steps.segmentStep + (k << 2));
                  wanted += left * load<f32>(b + ((s * length + k) << 2));
                }
              }
            }
            expect<f32>(load<f32>(c + ((<usize>i) << 2))).toBe(wanted);
          }
        }
      }
    }
    heap.free(changetype<usize>(steps));
    heap.free(a);
    heap.free(b);
    heap.free(c);
  });
});
