import { mixture_responsibilities_apply } from "../../assembly/mixtureResponsibilities";
import { chunkAlignment } from "../../assembly/simd/walk";
import { Problem } from "./problem";
import { free, getAt, intact, Random, room, setAt, worse } from "./support";

const CHANNELS: u32[] = [1, 3, 4, 7, 2, 3];
const INNER: u32[] = [1, 1, 1, 3, 16, 50];

let problem: Problem = Problem.of([0], [1]);
let count: u32 = 0;
let x: usize = 0;
let out: usize = 0;

function size(): usize {
  return 4 * problem.components * count;
}

/** Activations of a mixture, one in 16 of them very far from it. */
function open(opened: Problem, numbers: u32): void {
  problem = opened;
  problem.prepare(0, false);
  count = numbers;
  x = room(4 * count);
  out = room(size());
  const random = new Random(3);
  for (let i: u32 = 0; i < count; i++) {
    const isFar = random.between(0, 16) < 1;
    setAt(x, i, isFar ? random.between(-1, 1) * <f32>(10 ** random.between(1, 37)) : random.between(-4, 4));
  }
}

function close(): void {
  expect<bool>(intact(x, 4 * count)).toBe(true, "written outside of x");
  expect<bool>(intact(out, size())).toBe(true, "written outside of the output");
  expect<bool>(problem.drop()).toBe(true, "written outside of the table");
  free(x);
  free(out);
}

describe("mixture_responsibilities_apply", () => {
  it("are those of float64 formulas to 1e-5, in the order of the components, in every layout", () => {
    let worst: f64 = 0;
    for (let i = 0; i < CHANNELS.length; i++) {
      for (let components: u32 = 1; components <= 4; components++) {
        open(new Problem(CHANNELS[i], INNER[i], components, components), 1003);
        mixture_responsibilities_apply(problem.table, x, out, 0, count);
        for (let j: u32 = 0; j < count; j++) {
          for (let k: u32 = 0; k < components; k++) {
            const exact = problem.tau(k, problem.channelAt(j), getAt(x, j));
            const error = Math.abs(<f64>getAt(out, j * components + k) - exact);
            worst = worse(worst, error);
          }
        }
        close();
      }
    }
    expect<f64>(worst).toBeLessThan(1e-5);
  });

  it("are the same bits in two chunks, cut at any multiple of the chunk alignment", () => {
    for (let i = 0; i < CHANNELS.length; i++) {
      open(new Problem(CHANNELS[i], INNER[i], 3, 8), 501);
      mixture_responsibilities_apply(problem.table, x, out, 0, count);
      const chunks = room(size());
      const alignment = chunkAlignment(CHANNELS[i], INNER[i]);
      let unequal = 0;
      for (let cut: u32 = 0; cut <= count; cut += alignment) {
        mixture_responsibilities_apply(problem.table, x, chunks, 0, cut);
        mixture_responsibilities_apply(problem.table, x + 4 * cut, chunks + 12 * cut, cut, count - cut);
        unequal += memory.compare(out, chunks, size()) ? 1 : 0;
      }
      expect<i32>(unequal).toBe(0);
      free(chunks);
      close();
    }
  });
});
