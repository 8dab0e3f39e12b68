import { chunkAlignment } from "../../../assembly/simd/walk";
import { uan_apply } from "../../../assembly/unsupervisedAdaptiveNorm/apply";
import { Problem } from "../problem";
import { free, getAt, intact, Random, room, setAt, worse } from "../support";

const CHANNELS: u32[] = [1, 3, 4, 7, 2, 3];
const INNER: u32[] = [1, 1, 1, 3, 16, 50];

let problem: Problem = Problem.of([0], [1]);
let count: u32 = 0;
let x: usize = 0;
let y: usize = 0;

/** Activations of a mixture, one in 16 of them very far from it. */
function open(opened: Problem, numbers: u32): void {
  problem = opened;
  problem.prepare(0, true);
  count = numbers;
  x = room(4 * numbers);
  y = room(4 * numbers);
  const random = new Random(3);
  for (let i: u32 = 0; i < count; i++) {
    const isFar = random.between(0, 16) < 1;
    setAt(x, i, isFar ? random.between(-1, 1) * <f32>(10 ** random.between(1, 37)) : random.between(-4, 4));
  }
}

function close(): void {
  expect<bool>(intact(x, 4 * count)).toBe(true, "written outside of x");
  expect<bool>(intact(y, 4 * count)).toBe(true, "written outside of y");
  expect<bool>(problem.drop()).toBe(true, "written outside of the table");
  free(x);
  free(y);
}

/** The largest error of y, relative to 1 + |y|. */
function worst(): f64 {
  let worst: f64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const c = problem.channelAt(i);
    const exact = <f64>problem.gamma[c] * problem.y(c, getAt(x, i)) + <f64>problem.beta[c];
    const error = Math.abs(<f64>getAt(y, i) - exact) / (1 + Math.abs(exact));
    worst = worse(worst, error);
  }
  return worst;
}

function checkLayouts(epsilon: f32, ucb: bool): void {
  for (let i = 0; i < CHANNELS.length; i++) {
    for (let components: u32 = 1; components <= 4; components++) {
      const next = new Problem(CHANNELS[i], INNER[i], components, components);
      next.epsilon = epsilon;
      next.ucb = ucb;
      open(next, 1003);
      uan_apply(problem.table, x, y, 0, count);
      expect<f64>(worst()).toBeLessThan(1e-5, `${CHANNELS[i]}, ${INNER[i]}, ${epsilon}`);
      close();
    }
  }
}

describe("uan_apply", () => {
  it('is y of formula "uan" to 1e-5·(1 + |y|), near and very far, in every layout', () => {
    checkLayouts(1e-3, false);
  });

  it('is y of formula "ucb" to 1e-5·(1 + |y|), near and very far, in every layout, with any epsilon', () => {
    const epsilons: f32[] = [1e-3, 0, 1e-30, 2e-29, 1e-12, 1, 1e6];
    for (let i = 0; i < epsilons.length; i++) checkLayouts(epsilons[i], true);
  });

  it('with formula "ucb", is beta to 1e-20 at 12 deviations from every component and more', () => {
    const next = Problem.of([0, 1], [0.04, 1]);
    next.ucb = true;
    open(next, 1000);
    for (let i: u32 = 0; i < count; i++) setAt(x, i, <f32>((i & 1 ? -1 : 1) * 13 * 10 ** (<f64>i / 27)));
    problem.beta[0] = 0;
    problem.drop();
    problem.prepare(0, true);
    uan_apply(problem.table, x, y, 0, count);
    for (let i: u32 = 0; i < count; i++) expect<f64>(Math.abs(getAt(y, i))).toBeLessThan(1e-20, getAt(x, i).toString());
    close();
  });

  it("with one component is (x - μ)/√(σ² + ε) to 3e-7", () => {
    open(new Problem(5, 1, 1), 5000);
    uan_apply(problem.table, x, y, 0, count);
    for (let i: u32 = 0; i < count; i++) {
      const c = problem.channelAt(i);
      const exact = <f64>problem.gamma[c] * problem.z(0, c, getAt(x, i)) + <f64>problem.beta[c];
      expect<f64>(Math.abs(<f64>getAt(y, i) - exact)).toBeLessThan(3e-7 * (4 + Math.abs(exact)));
    }
    close();
  });

  it("gives the same bits in two chunks, cut at any multiple of the chunk alignment", () => {
    for (let i = 0; i < CHANNELS.length; i++) {
      open(new Problem(CHANNELS[i], INNER[i], 3, 8), 501);
      uan_apply(problem.table, x, y, 0, count);
      const chunks = room(4 * count);
      const alignment = chunkAlignment(CHANNELS[i], INNER[i]);
      let unequal = 0;
      for (let cut: u32 = 0; cut <= count; cut += alignment) {
        uan_apply(problem.table, x, chunks, 0, cut);
        uan_apply(problem.table, x + 4 * cut, chunks + 4 * cut, cut, count - cut);
        unequal += memory.compare(y, chunks, 4 * count) ? 1 : 0;
      }
      expect<i32>(unequal).toBe(0);
      free(chunks);
      close();
    }
  });

  it("gives no finite number for NaN and infinite activations, and the same bits as without them for their neighbours", () => {
    const bad: f32[] = [NaN, Infinity, -Infinity];
    for (let components: u32 = 1; components <= 6; components++) {
      const next = new Problem(3, 1, (components + 1) / 2, 6);
      next.ucb = components % 2 == 0;
      open(next, 47);
      uan_apply(problem.table, x, y, 0, count);
      const clean = room(4 * count);
      memory.copy(clean, y, 4 * count);
      for (let b = 0; b < bad.length; b++) {
        for (let at: u32 = 0; at < count; at++) {
          const was = getAt(x, at);
          setAt(x, at, bad[b]);
          uan_apply(problem.table, x, y, 0, count);
          expect<bool>(isFinite(getAt(y, at))).toBe(false, at.toString());
          setAt(x, at, was);
          setAt(y, at, getAt(clean, at));
          expect<i32>(memory.compare(y, clean, 4 * count)).toBe(0, `neighbours of ${at}`);
        }
      }
      free(clean);
      close();
    }
  });

  it("gives the same bits for rows together as for each alone, however many, with any of them out of range, and with any K", () => {
    for (let i: u32 = 2; i < 14; i++) {
      const next = new Problem(4, 1, i / 2, i);
      next.ucb = i % 2 == 1;
      for (let rows: u32 = 1; rows <= 7; rows++) {
        open(next, 4 * rows);
        const alone = room(4 * count);
        for (let far: u32 = 0; far <= rows; far++) {
          for (let j: u32 = 0; j < count; j++) setAt(x, j, <f32>(j * 0.29 - 3));
          if (far < rows) setAt(x, 4 * far + ((far + i) % 4), 1e6);
          uan_apply(problem.table, x, y, 0, count);
          const name = `${next.slots} slots, ${rows} rows, ${far}`;
          expect<f64>(worst()).toBeLessThan(1e-5, name);
          for (let row: u32 = 0; row < rows; row++) uan_apply(problem.table, x + 16 * row, alone + 16 * row, 4 * row, 4);
          expect<i32>(memory.compare(y, alone, 4 * count)).toBe(0, name);
        }
        expect<bool>(intact(alone, 4 * count)).toBe(true);
        free(alone);
        close();
      }
    }
  });
});
