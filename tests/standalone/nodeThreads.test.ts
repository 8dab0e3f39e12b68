import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { inProject } from "../../runtimes/project.js";

// Node.js before 20.16, which has no process.getBuiltinModule, gives its modules to programs in CommonJS alone. What it has beside is
// that of this Node.js.

const PROGRAM = `
  const engine = createEngine({ threads: 3 });
  const x = new Float32Array(100000).fill(3);
  const mixture = { mean: Float32Array.of(1), variance: Float32Array.of(4), prior: Float32Array.of(1) };
  const right = () => engine.normalize(x, mixture, { epsilon: 0 }).every((y) => Math.abs(y - 1) < 1e-5);
  const before = right();
  const end = Date.now() + 5000;
  const finish = () => {
    if (engine.threads < 3 && Date.now() < end && !said.length) return setTimeout(finish, 5);
    console.log(JSON.stringify({ threads: engine.threads, right: before && right(), said }));
    engine.dispose();
  };
  finish();
`;
const SAID = "const said = []; console.warn = (text) => said.push(text);";
const OLD = "process.getBuiltinModule = undefined;";

/** Runs a program as a user's, on an old Node.js. */
const run = (name: string, text: string) =>
  inProject(async (folder) => {
    writeFileSync(join(folder, name), text);
    const { stdout } = await promisify(execFile)(process.execPath, [name], { cwd: folder });
    return JSON.parse(stdout);
  });

describe("createEngine({ threads: 3 }) on Node.js before 20.16", () => {
  it("gets its threads in a program in CommonJS", async () => {
    const program = `${OLD}${SAID}const { createEngine } = require("tfjs-uan/standalone");${PROGRAM}`;
    expect(await run("program.cjs", program)).toEqual({ threads: 3, right: true, said: [] });
  });

  it("says once, in an ES module, why it gets none, and computes all the same", async () => {
    const program = `${OLD}${SAID}const { createEngine } = await import("tfjs-uan/standalone");${PROGRAM}`;
    expect(await run("program.mjs", program)).toEqual({
      threads: 1,
      right: true,
      said: [
        `tfjs-uan: a thread cannot be started here, so that the caller's does its work: Node.js ${process.versions.node} has threads ` +
          "for CommonJS programs; from 20.16 on, for ES modules",
      ],
    });
  });
});

it("a thread that ends says so, and does not end the program", async () => {
  const broken =
    "require('node:worker_threads').Worker = class extends require('node:events') { constructor() { super(); setTimeout(() => this.emit('error', new Error('out of memory'))); } unref() {} terminate() {} };";
  const program = `${SAID}${broken}const { createEngine } = require("tfjs-uan/standalone");${PROGRAM}`;
  const said = ["tfjs-uan: a thread cannot be started here, so that the caller's does its work: out of memory"];
  expect(await run("program.cjs", program)).toEqual({ threads: 1, right: true, said });
});
