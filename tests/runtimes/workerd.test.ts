import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-wasm";
import * as tfl from "@tensorflow/tfjs-layers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import artifacts from "../../examples/worker/model.json" with { type: "json" };
import { ROOT } from "../../runtimes/project.js";
import { bundleWorker as bundle, type StartedWorker as Started, startWorker, type WorkerModule } from "../../runtimes/workerd.js";
import "../../src/layers.js";
import { expectClose } from "../helpers/closeness.js";

const WORKER = "./examples/worker/worker.ts";
const { compatibility_date: DATE } = JSON.parse(readFileSync(join(ROOT, "examples/worker/wrangler.jsonc"), "utf8"));
/** The flag that forbids compiling WebAssembly in module scope, which the example's date would allow. */
const STRICT = "disallow_eval_during_startup";

const start = (modules: WorkerModule[], flags: string[]) => startWorker(modules, DATE, flags);

const POINTS = [
  [0.5, 0.1],
  [-0.3, 0.4],
  [0, 0],
  [-0.9, -0.9],
  [0.02, -0.71],
  [30, -1e-8],
];

/** The model's predictions in this process. */
let expected: number[];

beforeAll(async () => {
  await tf.setBackend("wasm");
  const weightData = new Uint8Array(Buffer.from(artifacts.weights, "base64")).buffer;
  const model = await tfl.loadLayersModel(tf.io.fromMemory({ ...(artifacts as tf.io.ModelArtifacts), weightData }));
  expected = Array.from((model.predict(tf.tensor2d(POINTS)) as tf.Tensor).dataSync());
});

const isPrediction = async (response: Response): Promise<void> => {
  expect(response.status).toBe(200);
  const { probabilities } = (await response.json()) as { probabilities: number[][] };
  expect(probabilities.map((row) => row.length)).toEqual(POINTS.map(() => 3));
  expectClose(probabilities.flat(), expected, 1e-5);
};

describe.each([
  ["as it is", []],
  ["where nothing can be compiled at start, either", [STRICT]],
  ["with nodejs_compat", [STRICT, "nodejs_compat"]],
])("the example, %s,", (_, flags) => {
  let worker: Started;

  beforeAll(async () => {
    worker = await start(await bundle(`export { default } from "${WORKER}";`), flags);
  });
  afterAll(() => worker?.stop());

  it("predicts the same as in this process", async () => {
    await isPrediction(await worker.fetch("/predict", { inputs: POINTS }));
  });

  it("runs on backend 'wasm' with the given binary", async () => {
    expect(await (await worker.fetch("/backend")).json()).toMatchObject({ backend: "wasm", binary: "simd" });
  });

  it("keeps no tensors", async () => {
    const tensors = async () => ((await (await worker.fetch("/backend")).json()) as { tensors: number }).tensors;
    const before = await tensors();
    for (let i = 0; i < 5; i++) await isPrediction(await worker.fetch("/predict", { inputs: POINTS }));
    await Promise.all(POINTS.map(() => worker.fetch("/predict", { inputs: POINTS }).then(isPrediction)));
    expect((await worker.fetch("/predict", { inputs: [[1]] })).status).toBe(400);
    expect(await tensors()).toBe(before);
  });

  it.each([
    "",
    "{",
    "null",
    "[[1, 2]]",
    {},
    { inputs: 1 },
    { inputs: [] },
    { inputs: [1, 2] },
    { inputs: [[1, 2, 3]] },
    { inputs: [[1, null]] },
    { inputs: [[1, "2"]] },
    '{ "inputs": [[1, 1e999]] }',
    { inputs: Array(1001).fill([1, 2]) },
  ])("answers %j with 400", async (body) => {
    const response = await worker.fetch("/predict", body);
    expect(response.status).toBe(400);
    expect(((await response.json()) as { error: string }).error).toContain("inputs");
  });

  it("answers other requests with 404", async () => {
    expect((await worker.fetch("/predict")).status).toBe(404);
    expect((await worker.fetch("/", {})).status).toBe(404);
  });

  it("writes nothing to the console", () => {
    expect(worker.console).toEqual([]);
  });
});

describe("in workerd,", () => {
  const workers: Started[] = [];
  const run = async (source: string, flags = [STRICT]) => {
    const worker = await start(await bundle(source), flags);
    workers.push(worker);
    return worker;
  };
  afterAll(() => Promise.all(workers.map((worker) => worker.stop())));

  const RESULT = `tf.tidy(() =>
    unsupervisedAdaptiveNormalization(tf.tensor2d([[1, 2], [3, -4]]), [[0, 0]], [[1, 4]], [1], { epsilon: 0 }).arraySync()
  )`;
  const IMPORTS = `
    import * as tf from "@tensorflow/tfjs-core";
    import tensorflow from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm";
    import { chosenWasmModule, unsupervisedAdaptiveNormalization } from "tfjs-uan";
    import simd from "tfjs-uan/wasm/tfjs-uan-simd.wasm";
    import relaxedSimd from "tfjs-uan/wasm/tfjs-uan-relaxed-simd.wasm";
    import { useWasmModules } from "tfjs-uan/workers";
  `;

  it("the example's predictions call the binary's kernel", async () => {
    const worker = await run(`
      import * as tf from "@tensorflow/tfjs-core";
      import example from "${WORKER}";
      export default {
        async fetch(request) {
          let response;
          const { kernelNames } = await tf.profile(async () => {
            response = await example.fetch(request);
            return tf.scalar(0);
          });
          return Response.json({ kernelNames, ...(await response.json()) });
        },
      };
    `);
    const answer = (await (await worker.fetch("/predict", { inputs: POINTS })).json()) as { kernelNames: string[] };
    expect(answer.kernelNames).toContain("UnsupervisedAdaptiveNorm");
    expect(answer).toHaveProperty("probabilities");
    expect(worker.console).toEqual([]);
  });

  it("simultaneous requests can call useWasmModules, also with the binary for relaxed SIMD", async () => {
    const worker = await run(`${IMPORTS}
      export default {
        async fetch() {
          await useWasmModules({ tensorflow, uan: { simd, relaxedSimd } });
          return Response.json({ binary: chosenWasmModule(), result: ${RESULT} });
        },
      };
    `);
    const answers = await Promise.all([1, 2, 3].map(async () => (await worker.fetch("/")).json()));
    for (const answer of answers as { binary: string; result: number[][] }[]) {
      expect(answer.binary).toBe("relaxedSimd");
      expectClose(answer.result.flat(), [1, 1, 3, -2], 1e-5);
    }
    expect(worker.console).toEqual([]);
  });

  it("TensorFlow.js's operations do the work where there is no useWasmModules, with one warning that names it", async () => {
    const worker = await run(`${IMPORTS}
      import "@tensorflow/tfjs-backend-cpu";
      export default {
        async fetch() {
          await tf.setBackend("cpu");
          return Response.json(${RESULT});
        },
      };
    `);
    for (let i = 0; i < 2; i++) expectClose(((await (await worker.fetch("/")).json()) as number[][]).flat(), [1, 1, 3, -2], 1e-5);
    const warnings = worker.console.join("").match(/tfjs-uan: .*/g);
    expect(warnings).toEqual([
      expect.stringMatching(/^tfjs-uan: WebAssembly cannot be compiled here \(.*disallowed.*setWasmModules/),
    ]);
  });
});
