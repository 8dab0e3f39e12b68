import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { generator, normal } from "../../learning/random.js";
import { normalize } from "../../src/reference/mixture.js";
import type { EngineMemory } from "../../src/standalone/engineMemory.js";
import {
  createEngine,
  type Engine,
  type EngineBuffer,
  type EngineOptions,
  type Floats,
  type Mixture,
} from "../../src/standalone/index.js";
import { standaloneSimd } from "../../src/standalone/inlined.js";
import { expectClose } from "../helpers/closeness.js";
import { makeCase } from "../helpers/problems.js";
import { argumentsOf, bufferOf, buffersOf, compiled } from "./engines.js";

const PAGE = 65536;
const problem = makeCase({ shape: [50, 4], components: 2 });
const { x } = problem;
const { mixture, options } = argumentsOf(problem);
const dy = Float32Array.from(x, (_, i) => Math.sin(i));

/** Compares bits, and is fast. */
function isSame(a: Float32Array, b: Float32Array): boolean {
  const bytes = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength);
  return bytes(a).equals(bytes(b));
}

let engine: Engine;
beforeEach(() => {
  engine = createEngine();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe("createEngine", () => {
  it("makes engines that are independent of each other", () => {
    const other = createEngine();
    const mine = bufferOf(engine, x);
    const theirs = other.buffer(x.length);
    expect(other.normalize(x, mixture)).toEqual(engine.normalize(mine, mixture));
    expect(theirs.values.every((value) => value === 0)).toBe(true);
  });

  it("compiles the inlined binary once, which is the file for SIMD", () => {
    const file = readFileSync("build/wasm/tfjs-uan-standalone-simd.wasm");
    expect(Buffer.from(standaloneSimd, "hex").equals(file)).toBe(true);
    const compile = vi.spyOn(WebAssembly, "Module");
    createEngine();
    createEngine({ module: undefined });
    expect(compile).not.toHaveBeenCalled();
  });

  it("takes a compiled module, also one with more exports, and compiles nothing then", () => {
    for (const module of [compiled("standalone-simd"), compiled("simd")]) {
      const compile = vi.spyOn(WebAssembly, "Module");
      const given = createEngine({ module });
      expect(compile).not.toHaveBeenCalled();
      expect(given.normalize(x, mixture)).toEqual(engine.normalize(x, mixture));
    }
  });

  const refused = new WebAssembly.CompileError("refused");
  const giveModule = "give it a 'module', compiled from one of tfjs-uan/wasm/tfjs-uan-standalone-*.wasm";
  it.each<[string, boolean, number, string]>([
    ["the runtime has no SIMD", false, 1, `createEngine: the runtime has no SIMD; ${giveModule}`],
    [
      "compiling is forbidden",
      true,
      1,
      `createEngine: WebAssembly cannot be compiled here (CompileError: refused); ${giveModule}`,
    ],
    [
      "compiling is forbidden, and threads are wanted",
      true,
      2,
      `createEngine: WebAssembly cannot be compiled here (CompileError: refused); leave 'threads' out and ${giveModule}`,
    ],
  ])("says what to do where %s", async (_, isValid, threads, message) => {
    vi.resetModules();
    const { createEngine } = await import("../../src/standalone/index.js");
    vi.spyOn(WebAssembly, "validate").mockReturnValue(isValid);
    vi.spyOn(WebAssembly, "Module").mockImplementation(() => {
      throw refused;
    });
    expect(() => createEngine({ threads })).toThrow(expect.objectContaining({ message, cause: refused }));
    vi.restoreAllMocks();
    expect(createEngine({ module: compiled("standalone-scalar") }).normalize(x, mixture)).toHaveLength(x.length);
  });

  it.each([
    ["without a module", {}],
    ["with one", { module: compiled("standalone-simd") }],
  ])("blames no argument, %s, where a page's policy lets WebKit make no instance", (_, options) => {
    vi.spyOn(WebAssembly, "Instance").mockImplementation(() => {
      throw new EvalError("refused by the policy");
    });
    expect(() => createEngine(options)).toThrow(
      "createEngine: WebAssembly cannot be instantiated here (EvalError: refused by the policy)",
    );
  });

  it("says so where there is no WebAssembly", () => {
    vi.stubGlobal("WebAssembly", undefined);
    expect(() => createEngine()).toThrow("createEngine: there is no WebAssembly here");
  });

  it("has the memory of its options, in whole pages", () => {
    expect(engine.memory()).toEqual({ used: 0, size: PAGE, maximum: 2 ** 30 });
    const other = createEngine({ initialBytes: 3 * PAGE - 1, maximumBytes: 5 * PAGE + 1 });
    expect(other.memory()).toEqual({ used: 0, size: 3 * PAGE, maximum: 6 * PAGE });
    const late = createEngine({ initialBytes: 0 });
    expectClose(late.normalize(x, mixture, options), normalize(problem), 5e-5);
  });

  const empty = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  const wrongModule =
    "createEngine: argument 'module' must be compiled from one of tfjs-uan/wasm/tfjs-uan-standalone-*.wasm, got another";
  it.each<[string, unknown, string]>([
    ["options that are no object", 3, "createEngine: argument 'options' must be an object, got Number"],
    ["null for options", null, "createEngine: argument 'options' must be an object, got Null"],
    ["bytes for a module", { module: new Uint8Array(8) }, "argument 'module' must be a WebAssembly.Module, got Uint8Array"],
    ["another module", { module: empty }, wrongModule],
    ["a module for shared memory", { module: compiled("threaded-simd") }, wrongModule],
    ["a maximum below a page", { maximumBytes: 1 }, "argument 'maximumBytes' must be between 64 KiB and 4 GiB, got 1"],
    ["a maximum above 4 GiB", { maximumBytes: 2 ** 33 }, "'maximumBytes' must be between 64 KiB and 4 GiB, got 8589934592"],
    ["a maximum that is NaN", { maximumBytes: Number.NaN }, "'maximumBytes' must be between 64 KiB and 4 GiB, got NaN"],
    [
      "less than nothing to begin with",
      { initialBytes: -1 },
      "'initialBytes' must be between 0 and maximumBytes, 1073741824, got -1",
    ],
    ["more than the maximum", { initialBytes: 2 * PAGE, maximumBytes: PAGE }, "between 0 and maximumBytes, 65536, got 131072"],
  ])("refuses %s", (_, given, message) => {
    expect(() => createEngine(given as EngineOptions)).toThrow(message);
  });
});

describe("a buffer", () => {
  it("is all zeros, also in memory of another buffer", () => {
    const first = engine.buffer(100);
    first.values.fill(7);
    first.free();
    const { values, length } = engine.buffer(100);
    expect([length, values]).toEqual([100, new Float32Array(100)]);
  });

  it("may be empty", () => {
    const none = engine.buffer(0);
    expect(none.values).toEqual(new Float32Array(0));
    expect(engine.normalize(none, mixture, {}, engine.buffer(0))).toHaveLength(0);
  });

  it("keeps its numbers when the memory grows; only then it has a new array", () => {
    const buffer = bufferOf(engine, x);
    const before = buffer.values;
    expect(buffer.values).toBe(before);
    const large = engine.buffer(10 * PAGE);
    expect(before).toHaveLength(0);
    expect(buffer.values).toEqual(x);
    expect(large.values).toHaveLength(10 * PAGE);
    expect(engine.normalize(buffer, mixture)).toEqual(createEngine().normalize(x, mixture));
  });

  it("frees its memory once", () => {
    const buffers = [1000, 2000, 3000].map((length) => engine.buffer(length));
    expect(engine.memory().used).toBeGreaterThanOrEqual(4 * 6000);
    const { size } = engine.memory();
    for (let i = 0; i < 1000; i++) {
      const [first] = buffers.splice(i % 3, 1);
      first?.free();
      buffers.push(engine.buffer(first?.length as number));
      const { used } = engine.memory();
      first?.free();
      expect(engine.memory().used).toBe(used);
    }
    expect(engine.memory().size).toBeLessThanOrEqual(size + PAGE);
    for (const buffer of buffers) buffer.free();
    expect(engine.memory().used).toBe(0);
  });

  it("cannot be used after it was freed", () => {
    const buffer = engine.buffer(x.length);
    const kept = buffer.values;
    buffer.free();
    buffer.free();
    expect(() => buffer.values).toThrow("buffer: one of 200 numbers is used after it was freed");
    expect(() => engine.normalize(buffer, mixture)).toThrow(
      "normalize: argument 'x' must be a buffer that is in use, got one that was freed",
    );
    expect(() => engine.normalize(x, mixture, {}, buffer)).toThrow(
      "normalize: argument 'out' must be a buffer that is in use, got one that was freed",
    );
    expect(() => engine.normalize(x, mixture, {}, kept)).toThrow(
      "normalize: argument 'out' must lie within a buffer, got an array over memory that is free",
    );
  });

  it.each([-1, 0.5, Number.NaN, "3", undefined])("has no length %s", (length) => {
    expect(() => engine.buffer(length as number)).toThrow(
      `buffer: argument 'length' must be an integer that is not negative, got ${length}`,
    );
  });
});

describe("the memory of an engine", () => {
  it("is free after a call, and the next call uses it again", () => {
    const held = bufferOf(engine, x);
    const { used } = engine.memory();
    engine.gradients(x, dy, mixture);
    const after = engine.memory();
    for (let i = 0; i < 100; i++) {
      engine.normalize(x, mixture);
      engine.gradients(held, dy, mixture);
      engine.responsibilities(x, mixture);
      engine.moments(x, mixture);
    }
    expect(engine.memory()).toEqual(after);
    expect(after.used).toBe(used);
    expect(held.values).toEqual(x);
  });

  it("has no copies of buffers, nor of arrays over them", () => {
    const tight = createEngine({ maximumBytes: 4 * PAGE });
    const length = (3 * PAGE) / 8;
    const [x, y] = [tight.buffer(length), tight.buffer(length)];
    expect(tight.normalize(x, mixture, options, y)).toBe(y);
    const [input, output] = [x.values, y.values];
    expect(tight.normalize(input, mixture, options, output)).toBe(output);
    expect(() => tight.normalize(x, mixture)).toThrow(RangeError);
    expect(() => tight.normalize(x.values.slice(), mixture, options, y)).toThrow(RangeError);
  });

  it("may reach beyond 2 GiB", () => {
    const large = createEngine({ maximumBytes: 2 ** 32 });
    // Allocated, but never touched. A buffer would be cleared.
    const { heap } = large as unknown as { heap: EngineMemory };
    heap.take("test", 3 * 2 ** 30);
    const input = bufferOf(large, x);
    expect(input.values.byteOffset).toBeGreaterThan(3 * 2 ** 30);
    expect(large.gradients(input, dy, mixture, options)).toEqual(engine.gradients(x, dy, mixture, options));
    expect(large.moments(input, mixture, options)).toEqual(engine.moments(x, mixture, options));
  });

  it("is written to only in a call's outputs, whatever was allocated and freed before", () => {
    const next = generator(2);
    const pick = <T>(from: T[]) => from[Math.floor(next() * from.length)] as T;
    const held: Array<[EngineBuffer, Float32Array]> = [];
    const write = (buffer: EngineBuffer, length: number) => {
      buffer.values.set(normal(next, length));
      return buffer.values.slice();
    };
    for (let step = 0; step < 600; step++) {
      const length = 4 * Math.floor(next() ** 2 * 5000);
      const what = next();
      if (what < 0.3 || held.length < 4) {
        const buffer = engine.buffer(length);
        held.push([buffer, write(buffer, length)]);
      } else if (what < 0.55) {
        const [[buffer] = []] = held.splice(Math.floor(next() * held.length), 1);
        buffer?.free();
      } else {
        const [input, numbers] = pick(held);
        const output = next() < 0.5 ? held.find(([buffer]) => buffer !== input && buffer.length === input.length) : undefined;
        const x = next() < 0.5 ? input : numbers;
        const y = engine.normalize(x, mixture, options, output?.[0] ?? new Float32Array(input.length));
        if (output) output[1] = output[0].values.slice();
        expect(isSame("free" in y ? y.values : y, engine.normalize(numbers, mixture, options))).toBe(true);
      }
      expect(held.every(([buffer, numbers]) => isSame(buffer.values, numbers))).toBe(true);
    }
    for (const [buffer] of held) buffer.free();
    expect(engine.memory().used).toBe(0);
  });

  it("grows in the middle of a call, and outputs are in the given arrays", () => {
    const many = makeCase({ shape: [30_000, 4], components: 2 });
    const expected = normalize(many);
    const { mixture, options } = argumentsOf(many);
    const out = engine.buffer(many.x.length);
    const array = out.values.subarray(0);
    // The copy of x does not fit without growth.
    const { size } = engine.memory();
    expect(engine.normalize(many.x, mixture, options, out)).toBe(out);
    expect(engine.memory().size).toBeGreaterThan(size);
    expect(array).toHaveLength(0);
    expectClose(out.values, expected, 5e-5);
  });

  it("detaches an array over a buffer when it grows, and the call returns another array", () => {
    const many = makeCase({ shape: [30_000, 4], components: 2 });
    const { mixture, options } = argumentsOf(many);
    const out = engine.buffer(many.x.length);
    const array = out.values;
    const returned = engine.normalize(many.x, mixture, options, array);
    expect(array).toHaveLength(0);
    expect(returned.buffer).toBe(out.values.buffer);
    expect(returned).toEqual(out.values);
    expectClose(returned, normalize(many), 5e-5);
    expect(() => engine.normalize(array, mixture)).toThrow(
      "normalize: argument 'x' must have its numbers, got an array that lost them: memory that grows detaches it",
    );
    expect(() => engine.normalize(x, mixture, {}, array)).toThrow("argument 'out' must have its numbers");
  });

  it("is used in place by arrays over a buffer or a part of it", () => {
    const whole = engine.buffer(3 * x.length + 3);
    const input = whole.values.subarray(1, 1 + x.length);
    input.set(x);
    const output = whole.values.subarray(x.length + 2, 2 * x.length + 2);
    expect(engine.normalize(input, mixture, options, output)).toBe(output);
    expect(output).toEqual(engine.normalize(x, mixture, options));
    expect(input).toEqual(x);
    const rest = [...whole.values.subarray(0, 1), ...whole.values.subarray(2 * x.length + 2)];
    expect(rest.every((value) => value === 0)).toBe(true);
    expect(whole.values[x.length + 1]).toBe(0);
  });

  it("is reported if it is too small, and nothing is written", () => {
    const small = createEngine({ maximumBytes: 2 * PAGE });
    const input = bufferOf(small, x);
    const out = small.buffer(x.length);
    out.values.fill(3);
    const { used } = small.memory();
    expect(() => small.buffer(PAGE)).toThrow(
      new RangeError(`buffer: wants ${4 * PAGE} bytes of memory, beside ${used} that are in use; maximumBytes is ${2 * PAGE}`),
    );
    const large = new Float32Array(4 * PAGE);
    expect(() => small.normalize(large, mixture)).toThrow(
      /^normalize: wants 2\d{6} bytes of memory, beside \d+ that are in use; maximumBytes is 131072$/,
    );
    const wide = { mean: new Float32Array(PAGE), variance: new Float32Array(PAGE), prior: Float32Array.of(1) };
    expect(() => small.moments(new Float32Array(PAGE), wide)).toThrow(RangeError);
    expect(small.memory()).toMatchObject({ used });
    expect([input.values, out.values]).toEqual([x, new Float32Array(x.length).fill(3)]);
    expect(small.normalize(input, mixture, options, out).values).toEqual(engine.normalize(x, mixture, options));
  });

  it("is reported if the runtime does not provide it", () => {
    const cause = new RangeError("no more");
    vi.spyOn(WebAssembly.Memory.prototype, "grow").mockImplementation(() => {
      throw cause;
    });
    expect(() => engine.buffer(PAGE)).toThrow(
      expect.objectContaining({
        message:
          "buffer: wants 262144 bytes of memory, beside 0 that are in use; the runtime has no more, below maximumBytes, 1073741824",
        cause,
      }),
    );
    vi.restoreAllMocks();
    expect(engine.buffer(PAGE).values).toHaveLength(PAGE);
  });

  it("is released by dispose", () => {
    const buffer = engine.buffer(3);
    engine.dispose();
    engine.dispose();
    buffer.free();
    expect(() => buffer.values).toThrow("buffer: the engine is disposed");
    expect(() => engine.buffer(3)).toThrow("buffer: the engine is disposed");
    expect(() => engine.memory()).toThrow("memory: the engine is disposed");
    expect(() => engine.normalize(x, mixture)).toThrow("normalize: the engine is disposed");
    expect(() => engine.gradients(x, dy, mixture)).toThrow("gradients: the engine is disposed");
    expect(() => engine.responsibilities(x, mixture)).toThrow("responsibilities: the engine is disposed");
    expect(() => engine.moments(x, mixture)).toThrow("moments: the engine is disposed");
  });
});

describe("outputs", () => {
  it("may be given as arrays, and are created otherwise", () => {
    const wanted = engine.gradients(x, dy, mixture);
    const out = { mean: new Float32Array(8), x: engine.buffer(x.length), gamma: undefined };
    const made = engine.gradients(x, dy, mixture, {}, out);
    expect(made.mean).toBe(out.mean);
    expect(made.x).toBe(out.x);
    expect(made.x.values).toEqual(wanted.x);
    expect({ ...made, x: wanted.x }).toEqual(wanted);
    // The arrays that a call has returned may be outputs of the next call.
    expect(engine.gradients(x, dy, mixture, {}, wanted)).toEqual(wanted);
    const { variance } = engine.moments(x, mixture, {}, { variance: out.mean });
    expect(variance).toBe(out.mean);
  });

  it("may be an array of shared memory, or of another realm", () => {
    const shared = new Float32Array(new SharedArrayBuffer(4 * x.length));
    expect(engine.normalize(x, mixture, {}, shared)).toBe(shared);
    const foreign = runInNewContext("new Float32Array(200)") as Float32Array;
    expect(foreign).not.toBeInstanceOf(Float32Array);
    engine.normalize(shared, mixture, {}, foreign);
    expect(Array.from(foreign)).toEqual(Array.from(engine.normalize(shared, mixture)));
  });

  const held = () => bufferOf(engine, x);
  it.each<[string, () => [Floats, Floats]]>([
    ["the same array", () => [dy, dy]],
    ["the same buffer", () => Array(2).fill(held()) as [Floats, Floats]],
    [
      "a buffer, and an array over it",
      () => {
        const buffer = held();
        return [buffer, buffer.values];
      },
    ],
    [
      "two arrays over a buffer, one number in common",
      () => {
        const { values } = engine.buffer(2 * x.length);
        return [values.subarray(0, x.length), values.subarray(x.length - 1, -1)];
      },
    ],
    [
      "two arrays over an ArrayBuffer",
      () => {
        const all = new ArrayBuffer(8 * x.length);
        return [new Float32Array(all, 4, x.length), new Float32Array(all, 4 * x.length, x.length)];
      },
    ],
  ])("must not share memory with an input: %s", (_, make) => {
    const [input, out] = make();
    expect(() => engine.normalize(input, mixture, options, out)).toThrow(
      "normalize: argument 'out' must share no memory with inputs and other outputs, got some of 'x'",
    );
    expect(() => engine.gradients(x, input, mixture, options, { x: out })).toThrow(
      "gradients: argument 'out.x' must share no memory with inputs and other outputs, got some of 'dy'",
    );
  });

  it("must not share memory with the mixture, or with each other", () => {
    const buffers = buffersOf(engine, mixture);
    expect(() => engine.moments(x, buffers, {}, { mean: buffers.mean })).toThrow(
      "moments: argument 'out.mean' must share no memory with inputs and other outputs, got some of 'mean'",
    );
    expect(() => engine.moments(x, mixture, {}, { mean: buffers.mean, mass: buffers.mean })).toThrow(
      "moments: argument 'out.mean' must share no memory with inputs and other outputs, got some of 'out.mass'",
    );
    expect(buffers.mean.values).toEqual(mixture.mean);
  });
});

describe("inputs", () => {
  it("may share memory with each other", () => {
    const buffer = bufferOf(engine, x);
    expect(engine.gradients(buffer, buffer, mixture)).toEqual(engine.gradients(x, x, mixture));
  });

  it("are channels last, or channels with `inner` numbers each", () => {
    const of = (...numbers: number[]) => Float32Array.from(numbers);
    const two: Mixture = { mean: of(0, 10), variance: of(1, 1), prior: of(1) };
    const still = { epsilon: 0 };
    expectClose(engine.normalize(of(0, 11, 2, 13), two, still), [0, 1, 2, 3], 1e-6);
    expectClose(engine.normalize(of(0, 1, 12, 13), two, { ...still, inner: 2 }), [0, 1, 2, 3], 1e-6);
    const affine = { ...two, gamma: of(1, -2), beta: of(3, 0) };
    expectClose(engine.normalize(of(0, 11, 2, 13), affine, still), [3, -2, 5, -6], 1e-6);
  });

  it("have the defaults of the operation", () => {
    expect(engine.normalize(x, mixture)).toEqual(engine.normalize(x, mixture, { inner: 1, epsilon: 1e-3, formula: "uan" }));
    expect(engine.normalize(x, mixture, { epsilon: 1 })).not.toEqual(engine.normalize(x, mixture));
  });

  const zeros = (length: number) => new Float32Array(length);
  const one = { mean: zeros(2), variance: zeros(2), prior: zeros(1) };
  const BAD: Array<[string, unknown, unknown, unknown, string]> = [
    ["no x", undefined, one, {}, "argument 'x' must be a Float32Array or a buffer, got Undefined"],
    ["numbers for x", [1, 2], one, {}, "argument 'x' must be a Float32Array or a buffer, got Array"],
    ["x of float64", new Float64Array(2), one, {}, "argument 'x' must be a Float32Array or a buffer, got Float64Array"],
    [
      "what looks like a buffer",
      { values: zeros(2), length: 2 },
      one,
      {},
      "argument 'x' must be a Float32Array or a buffer, got Object",
    ],
    [
      "x of a part of a row",
      zeros(3),
      one,
      {},
      "argument 'x' must have a length that is a multiple of channels times inner, 2, got 3",
    ],
    [
      "x of a part of a row of runs",
      zeros(8),
      one,
      { inner: 3 },
      "'x' must have a length that is a multiple of channels times inner, 6, got 8",
    ],
    ["no mixture", zeros(2), undefined, {}, "argument 'mixture' must be an object, got Undefined"],
    ["no mean", zeros(2), { ...one, mean: undefined }, {}, "argument 'mean' must be a Float32Array or a buffer, got Undefined"],
    [
      "an empty mean",
      zeros(2),
      { ...one, mean: zeros(0) },
      {},
      "argument 'mean' must have a length that is a multiple of prior's, 1, got 0",
    ],
    [
      "a mean of a part of a component",
      zeros(2),
      { ...one, prior: zeros(3), mean: zeros(8) },
      {},
      "'mean' must have a length that is a multiple of prior's, 3, got 8",
    ],
    [
      "fewer means than components",
      zeros(2),
      { ...one, prior: zeros(3) },
      {},
      "'mean' must have a length that is a multiple of prior's, 3, got 2",
    ],
    [
      "an empty prior",
      zeros(2),
      { ...one, prior: zeros(0) },
      {},
      "argument 'prior' must have a number for each component, at least one, got none",
    ],
    [
      "another number of variances",
      zeros(2),
      { ...one, variance: zeros(3) },
      {},
      "argument 'variance' must have length 2, got 3",
    ],
    [
      "a negative variance",
      zeros(2),
      { ...one, variance: Float32Array.of(1, -0.5) },
      {},
      "argument 'variance' must not be negative, got -0.5",
    ],
    [
      "a prior that is NaN",
      zeros(2),
      { ...one, prior: Float32Array.of(Number.NaN) },
      {},
      "argument 'prior' must not be negative, got NaN",
    ],
    ["a gamma of another length", zeros(2), { ...one, gamma: zeros(3) }, {}, "argument 'gamma' must have length 2, got 3"],
    ["a beta of another length", zeros(2), { ...one, beta: zeros(1) }, {}, "argument 'beta' must have length 2, got 1"],
    ["null for a gamma", zeros(2), { ...one, gamma: null }, {}, "argument 'gamma' must be a Float32Array or a buffer, got Null"],
    ["options that are no object", zeros(2), one, 1e-3, "argument 'options' must be an object, got Number"],
    ["no runs", zeros(2), one, { inner: 0 }, "argument 'inner' must be a positive integer, got 0"],
    ["an inner that is no integer", zeros(2), one, { inner: 1.5 }, "argument 'inner' must be a positive integer, got 1.5"],
    [
      "a negative epsilon",
      zeros(2),
      one,
      { epsilon: -1 },
      "argument 'epsilon' must be a finite number that is not negative, got -1",
    ],
    [
      "an epsilon that is NaN",
      zeros(2),
      one,
      { epsilon: Number.NaN },
      "argument 'epsilon' must be a finite number that is not negative, got NaN",
    ],
    ["another formula", zeros(2), one, { formula: "UCB" }, "argument 'formula' must be one of 'uan'"],
  ];
  const OPS = {
    normalize: (x: never, mixture: never, options: never) => engine.normalize(x, mixture, options),
    gradients: (x: never, mixture: never, options: never) => engine.gradients(x, x ?? zeros(2), mixture, options),
    responsibilities: (x: never, mixture: never, options: never) => engine.responsibilities(x, mixture, options),
    moments: (x: never, mixture: never, options: never) => engine.moments(x, mixture, options),
  };
  it.each(
    Object.entries(OPS).flatMap(([op, call]) => BAD.map(([what, ...given]) => [op, what, call, given] as const)),
  )("of %s: refuses %s", (op, _, call, [x, mixture, options, message]) => {
    const failing = () => call(x as never, mixture as never, options as never);
    expect(failing).toThrow(message);
    expect(failing).toThrow(new RegExp(`^${op}: `));
    expect(engine.memory().used).toBe(0);
  });

  it.each<[string, () => unknown, string]>([
    [
      "no dy",
      () => engine.gradients(x, undefined as never, mixture),
      "gradients: argument 'dy' must be a Float32Array or a buffer, got Undefined",
    ],
    [
      "a dy of another length",
      () => engine.gradients(x, dy.subarray(1), mixture),
      "gradients: argument 'dy' must have length 200, got 199",
    ],
    [
      "a buffer of another engine",
      () => engine.normalize(createEngine().buffer(4), mixture),
      "normalize: argument 'x' must be a buffer of this engine, got one of another",
    ],
    [
      "an output of another length",
      () => engine.normalize(x, mixture, {}, zeros(3)),
      "normalize: argument 'out' must have length 200, got 3",
    ],
    [
      "responsibilities' output of x's length",
      () => engine.responsibilities(x, mixture, {}, zeros(200)),
      "responsibilities: argument 'out' must have length 400, got 200",
    ],
    [
      "null for an output",
      () => engine.normalize(x, mixture, {}, null as never),
      "normalize: argument 'out' must be a Float32Array or a buffer, got Null",
    ],
    [
      "one output of another length",
      () => engine.moments(x, mixture, {}, { mass: zeros(8), mean: zeros(4) }),
      "moments: argument 'out.mean' must have length 8, got 4",
    ],
    [
      "an array for several outputs",
      () => engine.moments(x, mixture, {}, zeros(8) as never),
      "moments: argument 'out' must be one of 'mass', 'mean', 'variance', got '0'",
    ],
    [
      "an output that there is not",
      () => engine.gradients(x, dy, mixture, {}, { dx: zeros(3) } as never),
      "gradients: argument 'out' must be one of 'x', 'mean', 'variance', 'prior', 'gamma', 'beta', got 'dx'",
    ],
    [
      "'ucb' for responsibilities",
      () => engine.responsibilities(x, mixture, { formula: "ucb" } as object),
      "responsibilities: argument 'formula' must be one of 'uan', got 'ucb'",
    ],
    [
      "'ucb' for moments",
      () => engine.moments(x, mixture, { formula: "ucb" } as object),
      "moments: argument 'formula' must be one of 'uan', got 'ucb'",
    ],
  ])("refuse %s", (_, failing, message) => {
    expect(failing).toThrow(message);
  });

  it("of a call that fails are unchanged, and so are its outputs", () => {
    const buffers = buffersOf(engine, { x, dy, ...mixture });
    const out = { x: engine.buffer(x.length), mean: engine.buffer(3) };
    const before = Object.values(buffers).map(({ values }) => values.slice());
    expect(() => engine.gradients(buffers.x, buffers.dy, buffers, options, out)).toThrow("'out.mean' must have length 8, got 3");
    expect(Object.values(buffers).map(({ values }) => values)).toEqual(before);
    expect([out.x.values, out.mean.values]).toEqual([zeros(x.length), zeros(3)]);
  });

  it("are read before anything else, so that a getter that frees a buffer is noticed", () => {
    const input = bufferOf(engine, x);
    const sly = {
      get epsilon() {
        input.free();
        return 1e-3;
      },
    };
    expect(() => engine.normalize(input, mixture, sly)).toThrow("argument 'x' must be a buffer that is in use");
    const mean = bufferOf(engine, mixture.mean);
    const slyMixture = {
      ...mixture,
      mean,
      get variance() {
        mean.free();
        return mixture.variance;
      },
    };
    expect(() => engine.normalize(x, slyMixture)).toThrow("argument 'mean' must be a buffer that is in use");
  });
});
