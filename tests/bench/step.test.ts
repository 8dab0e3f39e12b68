import * as tf from "@tensorflow/tfjs-core";
import { setKernelReplacement } from "tfjs-uan";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { STEP_CONTENDERS, TABLES } from "../../bench/names.js";
import type { ResultTable, Row } from "../../bench/results.js";
import { step as section } from "../../bench/sections/step.js";
import { CASES, type ContenderKey, caseName, type StepCase } from "../../bench/step/cases.js";
import { Process } from "../../bench/step/contenders.js";
import { kernelTable } from "../../bench/step/kernelTable.js";
import { checkLosses, measureStep, nothingKnown } from "../../bench/step/measure.js";
import { makeBatch, makeModel, type Normalize, optimizerOf } from "../../bench/step/networks.js";
import { NORMALIZE } from "../../bench/step/normalizations.js";
import { profile } from "../../bench/step/profile.js";
import { BackendError } from "../../runtimes/backends.js";
import { startNodeBackend } from "../../runtimes/nodeBackend.js";
import { folderOf } from "../helpers/folders.js";

const CONTEXT = {
  quick: true,
  seconds: 0.001,
  rounds: 1,
  largest: 1024,
  progress() {},
  compileMultiplyAdd: () => Promise.reject(new Error("not for this section")),
};
const TINY: StepCase = { network: "perceptron", normalization: "none", batch: 4, isProfiled: true };
const { theirs, ours, native } = STEP_CONTENDERS;

/** A project with this tfjs-node. */
const projectWith = (tfjsNode: string) =>
  folderOf({
    "package.json": "{}",
    "node_modules/@tensorflow/tfjs-node/package.json": '{ "name": "@tensorflow/tfjs-node", "main": "index.cjs" }',
    "node_modules/@tensorflow/tfjs-node/index.cjs": tfjsNode,
  });

const path = (name: string) => JSON.stringify(new URL(`../../node_modules/@tensorflow/${name}`, import.meta.url).pathname);

/** A backend 'tensorflow' that computes by the kernels of 'cpu'. */
const MADE_OF_CPU = `
  const tf = require(${path("tfjs-core")});
  const { MathBackendCPU } = require(${path("tfjs-backend-cpu")});
  tf.registerBackend("tensorflow", () => new MathBackendCPU());
  tf.copyRegisteredKernels("cpu", "tensorflow");`;

const labels = (rows: Row[]) => rows.map(({ case: name, contender }) => `${name}: ${contender}`);

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("the section of training steps", () => {
  it("has a row for each contender, with a table of kernels, and says that tfjs-node is missing", async () => {
    vi.stubEnv("TFJS_NODE", folderOf({}));
    const [steps, ...kernels] = await section.run(CONTEXT);
    const quick = CASES.filter(({ isQuick }) => isQuick).map(caseName);
    expect(quick).toEqual(["perceptron, batch 128", "CNN, batch 32"]);
    expect(labels(steps?.rows ?? [])).toEqual(quick.flatMap((name) => [`${name}: ${theirs}`, `${name}: ${ours}`]));
    for (const { timing } of steps?.rows ?? []) {
      expect(timing?.median).toBeGreaterThan(0);
      expect(timing?.processor).toBeGreaterThan(0);
    }
    expect(steps?.rows[0]?.ratio?.to).toBe(ours);
    expect(steps?.title).toBe(TABLES.steps);
    expect(steps?.note).toMatch(/Left out: tfjs-node \(backend 'tensorflow' needs the package .* TFJS_NODE .*\)\.$/);
    expect(kernels.map(({ title }) => title)).toEqual(quick.map((name) => `kernels: ${name}`));
    expect(labels(kernels[1]?.rows ?? [])).toContain(`Conv2DBackpropFilter: ${ours}`);
  });
});

describe("a contender's process", () => {
  it("takes 'tensorflow' from the project that TFJS_NODE names", async () => {
    vi.stubEnv("TFJS_NODE", projectWith(MADE_OF_CPU));
    const known = nothingKnown();
    const { rows, scaling, profiles } = await measureStep(TINY, CONTEXT, known);
    expect(scaling).toEqual([]);
    expect([...known.devices]).toEqual([["native", "@tensorflow/tfjs-node without a GPU"]]);
    expect(labels(rows)).toEqual([theirs, ours, native].map((name) => `perceptron, batch 4: ${name}`));
    expect(Object.keys(profiles)).toEqual([theirs, ours, native]);
    expect(profiles[native]?.kernels.Identity?.calls).toBeGreaterThan(0);
  });

  it("has as many threads as are asked for, and one more process to compare them with one", async () => {
    vi.stubEnv("TFJS_NODE", projectWith(`${MADE_OF_CPU} process.env.TF_NUM_INTRAOP_THREADS === "2" || process.exit(1);`));
    const { rows, scaling, profiles } = await measureStep(TINY, { ...CONTEXT, threads: 2 }, nothingKnown());
    expect(labels(rows)).toEqual([theirs, ours, native].map((name) => `perceptron, batch 4: ${name}`));
    expect(labels(scaling)).toEqual(["perceptron, batch 4: 2 threads", "perceptron, batch 4: 1 thread"]);
    expect(scaling[0]?.ratio?.to).toBe("1 thread");
    expect(Object.keys(profiles)).toEqual([theirs, ours, native, `${ours}, one thread`]);
  });

  it("says why tfjs-node does not load", async () => {
    vi.stubEnv("TFJS_NODE", projectWith('throw new Error("no library")'));
    const process = new Process("native");
    const failed = process.start(TINY, 0).finally(() => process.stop());
    await expect(failed).rejects.toBeInstanceOf(BackendError);
    await expect(failed).rejects.toThrow("@tensorflow/tfjs-node does not load: no library");
  });

  it("is left out from then on", async () => {
    vi.stubEnv("TFJS_NODE", projectWith('throw new Error("no library")'));
    const known = nothingKnown();
    const { rows } = await measureStep(TINY, CONTEXT, known);
    expect(labels(rows)).toEqual([theirs, ours].map((name) => `perceptron, batch 4: ${name}`));
    expect([...known.leftOut]).toEqual([["native", "@tensorflow/tfjs-node does not load: no library"]]);
  });
});

describe("the networks", () => {
  beforeAll(() => startNodeBackend("wasm"));

  const distinct = CASES.filter(({ network, batch }) => network !== "cnn" || batch === 32);

  it.each(distinct.map((of) => [caseName(of), of] as const))("%s: all contenders learn the same, every weight", async (_, of) => {
    const { x, y } = makeBatch(of.network, 2);
    const losses: Partial<Record<ContenderKey, number[]>> = {};
    for (const contender of Object.keys(STEP_CONTENDERS) as ContenderKey[]) {
      if (of.without?.includes(contender)) continue;
      setKernelReplacement(contender !== "theirs");
      const model = makeModel(of.network, NORMALIZE[contender][of.normalization] as Normalize, optimizerOf(contender, of));
      const before = model.trainableWeights.map((weight) => weight.read().dataSync());
      losses[contender] = [(await model.trainOnBatch(x, y)) as number];
      for (const [i, weight] of model.trainableWeights.entries()) {
        expect(weight.read().dataSync(), `${contender}, ${weight.name}`).not.toEqual(before[i]);
      }
      for (let step = 0; step < 3; step++) losses[contender]?.push((await model.trainOnBatch(x, y)) as number);
      model.dispose();
    }
    setKernelReplacement(true);
    checkLosses(of, losses);
    expect(losses.ours?.at(-1)).toBeLessThan(losses.ours?.[0] as number);
    tf.dispose([x, y]);
  });
});

describe("checkLosses", () => {
  it("throws where contenders do not learn the same", () => {
    checkLosses(TINY, { theirs: [2, 1], ours: [2, 1.0009] });
    expect(() => checkLosses(TINY, { theirs: [2, 1], ours: [2, 1.0011], native: [2, 1] })).toThrow(
      `perceptron, batch 4: the losses of '${theirs}' and '${ours}' before step 2 must agree within 0.001 of the first, got 1 and 1.0011`,
    );
    expect(() => checkLosses(TINY, { ours: [1], native: [Number.NaN] })).toThrow("got 1 and NaN");
  });

  it("does not ask contenders whose gradients are wrong", () => {
    checkLosses({ ...TINY, wrong: ["theirs"] }, { theirs: [2, 7], ours: [2, 1], native: [2, 1] });
  });
});

describe("profile", () => {
  it("tells a kernel's time from that of kernels that it calls, and puts kernels back", async () => {
    await startNodeBackend("cpu");
    const wait = (milliseconds: number) => {
      const end = performance.now() + milliseconds;
      while (performance.now() < end);
    };
    const inner: tf.KernelConfig = {
      kernelName: "Inner",
      backendName: "cpu",
      kernelFunc: () => {
        wait(3);
        return [];
      },
    };
    const outer: tf.KernelConfig = {
      kernelName: "Outer",
      backendName: "cpu",
      kernelFunc: () => {
        tf.engine().runKernel("Inner", {});
        tf.engine().runKernel("Inner", {});
        wait(1);
        return [];
      },
    };
    const { kernelFunc } = outer;
    tf.registerKernel(inner);
    tf.registerKernel(outer);
    let isFirst = true;
    const { steps, outside, kernels } = await profile(async () => {
      wait(2);
      if (!isFirst) tf.engine().runKernel("Outer", {});
      isFirst = false;
    }, 3);
    expect(Object.keys(kernels).sort()).toEqual(["Inner", "Outer"]);
    expect(kernels.Inner?.calls).toBe(2);
    expect(kernels.Outer?.calls).toBe(1);
    for (let i = 0; i < 3; i++) {
      const [step, without] = [steps[i] as number, outside[i] as number];
      const [within, around] = [kernels.Inner?.samples[i] as number, kernels.Outer?.samples[i] as number];
      expect(within).toBeGreaterThanOrEqual(6);
      expect(around).toBeGreaterThanOrEqual(1);
      expect(without).toBeGreaterThanOrEqual(2);
      expect(within + around + without).toBeCloseTo(step, 6);
    }
    expect(outer.kernelFunc).toBe(kernelFunc);
    for (const kernelName of ["Inner", "Outer"]) tf.unregisterKernel(kernelName, "cpu");
  });
});

describe("kernelTable", () => {
  const table: ResultTable = kernelTable("kernels: it", {
    one: {
      steps: [10, 10, 40],
      outside: [1, 1, 1],
      kernels: {
        Small: { calls: 3, samples: [0.05, 0.05, 0.05] },
        Tiny: { calls: 2, samples: [0.01, 0.02, 0.03] },
        Large: { calls: 4, samples: [8, 8, 38] },
      },
    },
    other: { steps: [1], outside: [0.5], kernels: { Small: { calls: 1, samples: [0.009] }, Add: { calls: 1, samples: [0.4] } } },
  });

  it("has kernels that take a fiftieth of some step, the largest first, then the others, and what is outside", () => {
    expect(labels(table.rows)).toEqual([
      "Large: one",
      "Add: other",
      "other kernels: one",
      "other kernels: other",
      "outside kernels: one",
      "outside kernels: other",
    ]);
  });

  it("has the median, the part of the median step, and the calls", () => {
    const [large, , others, , outside] = table.rows;
    expect(large).toMatchObject({ timing: { median: 8, minimum: 8, samples: 3 }, part: 0.8, calls: 4 });
    expect(others?.timing?.median).toBeCloseTo(0.07);
    expect(others?.calls).toBe(5);
    expect(outside).toMatchObject({ timing: { median: 1 }, part: 0.1 });
    expect(outside).not.toHaveProperty("calls");
  });
});
