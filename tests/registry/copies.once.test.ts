import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import "@tensorflow/tfjs-layers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { inProject } from "../../runtimes/project.js";
import { loadCopy } from "../helpers/copies.js";

const BACKENDS = ["wasm", "cpu", "webgl", "webgpu", "tensorflow", "other"];
const registered = () => BACKENDS.flatMap((backend) => tf.getKernelsForBackend(backend));
const gradients = () => [...new Set(registered().map(({ kernelName }) => kernelName))].map((name) => tf.getGradient(name));

/** What there was without the library. */
const theirs = registered();
const theirGradients = new Set(gradients());
const isTheirs = (kernel: tf.KernelConfig) => theirs.includes(kernel);
const ours = () => registered().filter((kernel) => !isTheirs(kernel));

const normalize = ({ unsupervisedAdaptiveNormalization }: Awaited<ReturnType<typeof loadCopy>>) =>
  Array.from(unsupervisedAdaptiveNormalization([[3, -4]], [[1, 2]], [[4, 9]], [1], { epsilon: 0 }).dataSync());
const EXPECTED = [expect.closeTo(1, 5), expect.closeTo(-2, 5)];

tf.registerBackend("other", tf.findBackendFactory("cpu"));
for (const kernel of tf.getKernelsForBackend("cpu")) tf.registerKernel({ ...kernel, backendName: "other" });
theirs.push(...tf.getKernelsForBackend("other"));

beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
});

afterEach(() => {
  tf.env().set("DEBUG", false);
  vi.restoreAllMocks();
});

describe("a copy of the library that is loaded beside another", () => {
  it("has all kernels and gradients in the registry, without a warning", async () => {
    const first = await loadCopy();
    for (const backend of ["other", "wasm"]) {
      await tf.setBackend(backend);
      expect(normalize(first)).toEqual(EXPECTED);
    }
    const [kernels, before] = [ours(), gradients()];
    expect(kernels.some(({ backendName }) => backendName === "other")).toBe(true);
    vi.mocked(console.warn).mockClear();
    // In debug mode gradients are spoken of, too.
    tf.env().set("DEBUG", true);
    vi.mocked(console.warn).mockClear();
    const second = await loadCopy();
    expect(second).not.toBe(first);
    expect(console.warn).not.toHaveBeenCalled();
    tf.env().set("DEBUG", false);

    const names = (kernels: tf.KernelConfig[]) =>
      kernels.map(({ kernelName, backendName }) => `${kernelName} ${backendName}`).sort();
    expect(names(ours())).toEqual(expect.arrayContaining(names(kernels)));
    expect(ours().filter((kernel) => kernels.includes(kernel))).toEqual([]);
    const changed = gradients().filter((gradient, i) => gradient !== before[i]);
    expect(changed.length).toBe(before.filter((gradient) => gradient && !theirGradients.has(gradient)).length);
    for (const backend of BACKENDS.filter((name) => tf.findBackendFactory(name))) {
      await tf.setBackend(backend);
      for (const copy of [first, second]) expect(normalize(copy)).toEqual(EXPECTED);
    }
  });

  it.each([
    "first",
    "second",
  ] as const)("puts TensorFlow.js's kernels back, and its own again, by the %s one's setting", async (which) => {
    const copies = { first: await loadCopy(), second: await loadCopy() };
    const newest = ours();
    copies[which].setKernelReplacement(false);
    expect(theirs.filter((kernel) => !registered().includes(kernel))).toEqual([]);
    expect(normalize(copies.first)).toEqual(EXPECTED);
    copies[which === "first" ? "second" : "first"].setKernelReplacement(true);
    expect(ours()).toEqual(expect.arrayContaining(newest));
    expect(ours()).toHaveLength(newest.length);
  });

  it("keeps TensorFlow.js's kernels where they were wanted before it was loaded", async () => {
    (await loadCopy()).setKernelReplacement(false);
    const { setKernelReplacement } = await loadCopy();
    expect(theirs.filter((kernel) => !registered().includes(kernel))).toEqual([]);
    setKernelReplacement(true);
    expect(theirs.filter((kernel) => !registered().includes(kernel)).map(({ kernelName }) => kernelName)).toContain(
      "FusedBatchNorm",
    );
  });

  it("goes by the settings of the others", async () => {
    const first = await loadCopy();
    first.setCopyingMemoryLimit(65536);
    const second = await loadCopy();
    await tf.setBackend("cpu");
    const large = () => second.unsupervisedAdaptiveNormalization(tf.ones([1, 9999]), tf.ones([1, 9999]), tf.ones([1, 9999]), [1]);
    expect(large).toThrow("more than the limit of 65536");
    first.setCopyingMemoryLimit(2 ** 26);
    expect(large().shape).toEqual([1, 9999]);
    const { chosenWasmModule, setWasmModules } = second;
    const chosen = chosenWasmModule();
    first.setWasmModules({ relaxedSimd: new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)) });
    expect(chosenWasmModule()).toBe("relaxedSimd");
    setWasmModules({ relaxedSimd: undefined });
    expect(first.chosenWasmModule()).toBe(chosen);
  });

  it("replaces a kernel of the user's for good only while that is wanted", async () => {
    await loadCopy();
    const kernelFunc = () => {
      throw new Error("not run");
    };
    const own: tf.KernelConfig = { kernelName: "UnsortedSegmentSum", backendName: "wasm", kernelFunc };
    tf.unregisterKernel(own.kernelName, own.backendName);
    tf.registerKernel(own);
    const { setKernelReplacement } = await loadCopy();
    expect(tf.getKernel(own.kernelName, own.backendName)).not.toBe(own);
    setKernelReplacement(false);
    expect(tf.getKernel(own.kernelName, own.backendName)).toBe(own);
  });
});

it("the ES modules and CommonJS can both be loaded, without a word", () =>
  inProject(async (folder) => {
    const program = `
      import { createRequire } from "node:module";
      import * as tf from "@tensorflow/tfjs-core";
      import * as tfl from "@tensorflow/tfjs-layers";
      import "@tensorflow/tfjs-backend-wasm";
      import * as esm from "tfjs-uan/layers";
      import { setKernelReplacement } from "tfjs-uan";
      const theirs = () => tf.getKernel("FusedBatchNorm", "wasm");
      const cjs = createRequire(import.meta.url)("tfjs-uan/layers");
      if (cjs.groupNormalization === esm.groupNormalization) throw new Error("one copy");
      await tf.setBackend("wasm");
      const ours = theirs();
      setKernelReplacement(false);
      if (theirs() === ours || /tfjs-uan|fits/.test(String(theirs().kernelFunc))) throw new Error("not TensorFlow.js's own");
      createRequire(import.meta.url)("tfjs-uan").setKernelReplacement(true);
      if (theirs() !== ours) throw new Error("not the library's");
      for (const { unsupervisedAdaptiveNormalization } of [esm, cjs]) {
        const model = tfl.sequential({ layers: [unsupervisedAdaptiveNormalization({ inputShape: [2] }), tfl.layers.dense({ units: 1 })] });
        model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
        const { history } = await model.fit(tf.ones([4, 2]), tf.ones([4, 1]), { verbose: 0 });
        if (!Number.isFinite(history.loss[0])) throw new Error("it does not train");
      }
    `;
    writeFileSync(join(folder, "program.mjs"), program);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ["program.mjs"], { cwd: folder });
    expect(stdout + stderr).toBe("");
  }));
