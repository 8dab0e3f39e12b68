import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inProject } from "../../runtimes/project.js";

// What useThreadedBackend does to the process that it is called in: programs of users, with the library as it is built.

const IMPORTS = `
  import worker_threads from "node:worker_threads";
  import * as tf from "@tensorflow/tfjs-core";
  import "@tensorflow/tfjs-layers";
  import { batchNormalization, fusedAdam } from "tfjs-uan";
  import { useThreadedBackend } from "tfjs-uan/threads";

  /** Threads that live. */
  const living = new Set();
  const { Worker } = worker_threads;
  worker_threads.Worker = class extends Worker {
    constructor(...args) {
      super(...args);
      living.add(this);
      this.on("exit", () => living.delete(this));
    }
  };

  const said = [];
  console.warn = (text) => said.push(text);
  const tell = (news) => console.log(JSON.stringify(news));
  const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
  const sum = () => tf.tidy(() => tf.sum(tf.ones([1000, 1000])).dataSync()[0]);

  /** A small step of training, which is worth threads. */
  function makeStep() {
    const optimizer = fusedAdam(0.001);
    const [x, y] = [1, 2].map((seed) => tf.randomNormal([1024, 32], 0, 1, "float32", seed));
    const w = tf.variable(tf.randomNormal([32, 32], 0, 1, "float32", 3));
    return () => optimizer.minimize(() => tf.losses.meanSquaredError(y, batchNormalization(tf.matMul(x, w))), false, [w]);
  }
`;

interface Ended {
  /** What the program told, and when it told the last. */
  news: unknown[];
  code: number | null;
  signal: string | null;
  /** Milliseconds from the last news until the process ended. */
  milliseconds: number;
}

/** Runs a program as a user's. @param interrupted whether Ctrl-C ends it at its first news */
const run = (program: string, { flags = [] as string[], interrupted = false, preload = "" } = {}) =>
  inProject(
    (folder) =>
      new Promise<Ended>((resolve, reject) => {
        writeFileSync(join(folder, "program.mjs"), IMPORTS + program);
        writeFileSync(join(folder, "preload.mjs"), preload);
        const args = [...flags, ...(preload ? ["--import", "./preload.mjs"] : []), "program.mjs"];
        const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
        let [text, at] = ["", 0];
        child.stdout.on("data", (data) => {
          text += data;
          at = Date.now();
          if (interrupted) child.kill("SIGINT");
        });
        child.on("error", reject);
        child.on("close", (code, signal) => {
          const news = text
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line));
          resolve({ news, code, signal, milliseconds: Date.now() - at });
        });
      }),
  );

describe("a process with threads", () => {
  it("ends by itself when its work is done, within a second", async () => {
    const program = "const { threads } = await useThreadedBackend({ threads: 3 }); tell({ threads, sum: sum() });";
    const { milliseconds, ...ended } = await run(program);
    expect(ended).toEqual({ news: [{ threads: 3, sum: 1e6 }], code: 0, signal: null });
    expect(milliseconds).toBeLessThan(1000);
  });

  it("ends at Ctrl-C in the middle of a step", async () => {
    const program = "await useThreadedBackend({ threads: 2 }); const step = makeStep(); step(); tell({}); for (;;) step();";
    const { milliseconds, ...ended } = await run(program, { interrupted: true });
    expect(ended).toEqual({ news: [{}], code: null, signal: "SIGINT" });
    expect(milliseconds).toBeLessThan(1000);
  });

  it("ends by process.exit, in a listener of its own", async () => {
    const { milliseconds, ...ended } = await run(`
      process.on("uncaughtException", () => process.exit(3));
      await useThreadedBackend({ threads: 2 });
      tell({ sum: sum() });
      setTimeout(() => {
        throw new Error("nobody catches it");
      });
    `);
    expect(ended).toEqual({ news: [{ sum: 1e6 }], code: 3, signal: null });
    expect(milliseconds).toBeLessThan(1000);
  });

  it("has lost nothing after 10,000 steps of training", async () => {
    const { news } = await run(`
      await useThreadedBackend({ threads: 2 });
      const step = makeStep();
      const report = () => {
        const { numTensors, numDataBuffers, numBytes } = tf.memory();
        return { numTensors, numDataBuffers, numBytes, heap: tf.backend().wasm.wasmMemory.buffer.byteLength, threads: living.size };
      };
      for (let i = 0; i < 100; i++) step();
      tell(report());
      for (let i = 0; i < 10000; i++) step();
      tell(report());
    `);
    expect(news[0]).toMatchObject({ threads: 1 });
    expect(news[1]).toEqual(news[0]);
  });

  it("has no thread and no memory left after twenty set-ups, each with its removal", async () => {
    const flags = ["--expose-gc"];
    const { news } = await run(
      `
      const memories = [];
      for (let time = 0; time < 20; time++) {
        await useThreadedBackend({ threads: 3 });
        sum();
        makeStep()();
        memories.push(new WeakRef(tf.backend().wasm.wasmMemory));
        tf.disposeVariables();
        tf.removeBackend("wasm");
      }
      for (let i = 0; i < 100 && living.size > 0; i++) await pause();
      await pause();
      gc();
      tell({ threads: living.size, said, kept: memories.filter((memory) => memory.deref()).length });
    `,
      { flags },
    );
    // The last may still be in a register.
    expect(news).toEqual([{ threads: 0, said: [], kept: expect.toSatisfy((kept: number) => kept <= 1) }]);
  });

  it("does not preload in threads what it preloads itself", async () => {
    const program = "await useThreadedBackend({ threads: 3 }); tell({ sum: sum() });";
    const { news } = await run(program, { preload: 'console.log("true");' });
    expect(news).toEqual([true, { sum: 1e6 }]);
  });
});

describe("a process that may not start threads", () => {
  // Since Node.js 20; the option lost its "experimental" later.
  const flag = process.allowedNodeEnvironmentFlags.has("--permission") ? "--permission" : "--experimental-permission";

  it("computes on one, with one warning", async () => {
    const program = `
      const first = await useThreadedBackend({ threads: 2 });
      await tf.ready();
      const second = await useThreadedBackend({ threads: 2 });
      tell({ first, second, sum: sum(), said });
    `;
    const { news } = await run(program, { flags: [flag, "--allow-fs-read=*", "--no-warnings"] });
    expect(news).toEqual([
      {
        first: { threads: 1 },
        second: { threads: 1 },
        sum: 1e6,
        said: [expect.stringMatching(/^tfjs-uan: useThreadedBackend: there are no threads to be had here.*restricted/)],
      },
    ]);
  });
});

describe("a worker of Node.js as the caller", () => {
  const inWorker = (program: string, host: string) => `
    if (!worker_threads.isMainThread) {
      ${program}
    } else {
      const host = new Worker(new URL(import.meta.url));
      ${host}
    }
  `;

  it("has threads of its own, and ends by itself", async () => {
    const program = "const { threads } = await useThreadedBackend({ threads: 2 }); tell({ threads, sum: sum() });";
    const { milliseconds, ...ended } = await run(inWorker(program, 'host.on("exit", (code) => tell({ code }));'));
    expect(ended).toEqual({ news: [{ threads: 2, sum: 1e6 }, { code: 0 }], code: 0, signal: null });
    expect(milliseconds).toBeLessThan(1000);
  });

  it("is terminated in the middle of a step", async () => {
    const program = `
      await useThreadedBackend({ threads: 2 });
      const step = makeStep();
      step();
      worker_threads.parentPort.postMessage("ready");
      for (;;) step();
    `;
    const host = 'host.on("message", async () => tell({ terminated: await host.terminate() }));';
    const { milliseconds, ...ended } = await run(inWorker(program, host));
    expect(ended).toEqual({ news: [{ terminated: 1 }], code: 0, signal: null });
    expect(milliseconds).toBeLessThan(1000);
  });
});
