import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { folderOf } from "../helpers/folders.js";
import { CASES } from "./cases/index.js";
import type { Result } from "./suite.js";
import { inTerminal } from "./terminals.js";

/** A Node.js that has no WebAssembly, or refuses it. */
interface Refusal {
  flags?: string[];
  /** A program that is run before any other. */
  first?: string;
  /** The error that an attempt throws. */
  says: string;
}

const NOT_COMPILED: Refusal = {
  first: 'WebAssembly.Module = class { constructor() { throw new WebAssembly.CompileError("not allowed"); } };',
  says: "CompileError: not allowed",
};

const RUNTIMES: { [name: string]: Refusal } = {
  "has no WebAssembly (node --jitless)": { flags: ["--jitless"], says: "ReferenceError: WebAssembly is not defined" },
  "has no WebAssembly (a phone's lockdown mode)": {
    first: "delete globalThis.WebAssembly;",
    says: "ReferenceError: WebAssembly is not defined",
  },
  "compiles no WebAssembly (a page's policy, in Chromium)": NOT_COMPILED,
  "makes no instance of WebAssembly (a page's policy, in WebKit)": {
    first: 'WebAssembly.Instance = class { constructor() { throw new EvalError("not allowed"); } };',
    says: "EvalError: not allowed",
  },
};

const warningOf = ({ says }: Refusal) =>
  `tfjs-uan: WebAssembly cannot be compiled here (${says}): TensorFlow.js's operations do the work, which is slower. ` +
  "Where only compiling is forbidden, give setWasmModules binaries that are compiled already.";

/** What programs/fastest.ts prints. */
interface Chosen {
  chosen: { backend: string; reason: string; tried: { candidate: string; reason: string; error?: unknown }[] };
  before: number[];
  after: number[];
  warnings: string[];
  engine: string;
}

/** The command that runs a program there. */
const command = ({ flags = [], first = "" }: Refusal) => ({
  flags: [...flags, "--import", pathToFileURL(`${folderOf({ "first.mjs": first })}/first.mjs`).href],
});

describe.each(Object.entries(RUNTIMES))("where the runtime %s", (_, refusal) => {
  it("TensorFlow.js's operations do everything on 'cpu', with one warning", async () => {
    const { failed, warnings, passed, faults } = await inTerminal<Result>("terminal", command(refusal), ["cpu", ""]);
    expect(failed).toEqual([]);
    expect(warnings).toEqual([warningOf(refusal)]);
    expect(passed + faults.length).toBe(CASES.length);
  });

  it("useFastestBackend and useFusedNormalization leave a model that works as it is", async () => {
    const { chosen, before, after, warnings, engine } = await inTerminal<Chosen>("fastest", command(refusal), []);
    const without = `without the kernels of tfjs-uan, since WebAssembly cannot be compiled here: ${refusal.says}`;
    const tried = [{ candidate: "wasm", reason: "there is no WebAssembly here" }];
    // TensorFlow.js compiles its own binary in another way, which is not refused here.
    expect(chosen).toMatchObject(
      refusal.says.startsWith("ReferenceError")
        ? { backend: "cpu", reason: `JavaScript, ${without}`, tried }
        : { backend: "wasm", reason: `WebAssembly, ${without}`, tried: [] },
    );
    expect(chosen.tried.every(({ error }) => error === undefined)).toBe(true);
    expect(before.length).toBeGreaterThan(0);
    expect(after).toEqual(before.map((value) => expect.closeTo(value, 5)));
    expect(warnings).toEqual([warningOf(refusal)]);
    expect(engine).toMatch(
      /^Error: createEngine: (there is no WebAssembly here|WebAssembly cannot be \w+ here \(\w+Error: not allowed\))/,
    );
    expect(engine).not.toContain("argument");
  });
});

it("TensorFlow.js's operations do everything of the library's own on 'wasm', too, where only TensorFlow.js's binary is compiled", async () => {
  const { failed, warnings } = await inTerminal<Result>("terminal", command(NOT_COMPILED), ["wasm", ""]);
  // What TensorFlow.js lacks or has wrong for 'wasm' stays so.
  const ofTensorFlow = /^tf\.|^a convolutional network/;
  expect(failed.filter(({ name }) => !ofTensorFlow.test(name))).toEqual([]);
  expect(failed.find(({ name }) => name.startsWith("tf.gather"))?.message).toBe(
    "unsortedSegmentSum: TensorFlow.js has no such kernel for 'wasm', and WebAssembly cannot be compiled here for tfjs-uan's. " +
      "Where only compiling is forbidden, give setWasmModules binaries that are compiled already.",
  );
  expect(warnings).toEqual([warningOf(NOT_COMPILED)]);
});
