import { ACCUMULATOR, accumulatorsOf, MixtureTable, mixture_table_bytes } from "../../../assembly/mixture/table";
import { LANES } from "../../../assembly/simd/vec";
import { channelOf, laneBlockAt, laneBlockCount } from "../../../assembly/simd/walk";
import { Problem } from "../problem";
import { power } from "../support";

/** Layouts: periods of one lane block and of several, and runs. */
const CHANNELS: u32[] = [1, 3, 4, 6, 3, 5];
const INNER: u32[] = [1, 1, 1, 3, 16, 40];

describe("mixture_table_bytes", () => {
  it("is the largest u32 if a table does not fit in 32 bits", () => {
    expect<usize>(mixture_table_bytes(400001, 15, 3, 13)).toBe(u32.MAX_VALUE);
    expect<usize>(mixture_table_bytes(1, 1, 1 << 28, 0)).toBe(u32.MAX_VALUE);
    expect<usize>(mixture_table_bytes(1 << 16, 1, 3, 13)).toBeLessThan(1 << 28);
  });
});

describe("accumulatorsOf", () => {
  it("adds up the lanes of each channel in float64, in every layout", () => {
    for (let i = 0; i < CHANNELS.length; i++) {
      const problem = new Problem(CHANNELS[i], INNER[i], 1);
      const accumulators: u32 = 3;
      const table = changetype<MixtureTable>(problem.prepare(accumulators, true));
      const expected = new StaticArray<f64>(problem.channels * accumulators);
      for (let block: u32 = 0; block < laneBlockCount(problem.channels, problem.inner); block++) {
        for (let index: u32 = 0; index < accumulators; index++) {
          for (let lane: u32 = 0; lane < LANES; lane++) {
            // 2^40 plus small numbers, which float32 would lose.
            const value = power(40) + block * 100 + index * 10 + lane;
            store<f64>(laneBlockAt(table, block) + table.accumulators + index * ACCUMULATOR + (lane << 3), value);
            expected[channelOf(table, block, lane) * accumulators + index] += value;
          }
        }
      }
      for (let c: u32 = 0; c < problem.channels; c++) {
        const sum = accumulatorsOf(table, c);
        for (let index: u32 = 0; index < accumulators; index++) {
          expect<f64>(load<f64>(sum + index * ACCUMULATOR)).toBe(expected[c * accumulators + index]);
        }
      }
      expect<bool>(problem.drop()).toBe(true, "written outside of the table");
    }
  });
});
