import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { inProject } from "../../runtimes/project.js";

// Jest's jsdom has no TextDecoder. @assemblyscript/loader, which binds the binary, makes one when it is imported.

const PROGRAM = `
  const isSame = globalThis.TextDecoder === before && "TextDecoder" in globalThis === (before !== undefined);
  tf.setBackend("cpu").then(() => {
    const { unsupervisedAdaptiveNormalization } = uan;
    const [y] = unsupervisedAdaptiveNormalization([[3]], [[1]], [[4]], [1], { epsilon: 0 }).dataSync();
    console.log(JSON.stringify({ isSame, y, warnings }));
  });
`;
const FORMATS = {
  "program.mjs": `
    const tf = await import("@tensorflow/tfjs-core");
    await import("@tensorflow/tfjs-layers");
    await import("@tensorflow/tfjs-backend-cpu");
    const uan = await import("tfjs-uan");
    await import("tfjs-uan/layers");
    ${PROGRAM}`,
  "program.cjs": `
    const tf = require("@tensorflow/tfjs-core");
    require("@tensorflow/tfjs-layers");
    require("@tensorflow/tfjs-backend-cpu");
    const uan = require("tfjs-uan");
    require("tfjs-uan/layers");
    ${PROGRAM}`,
};

describe.each([
  ["without a TextDecoder", "delete globalThis.TextDecoder; const before = undefined;"],
  ["with one", "const before = TextDecoder;"],
])("in an environment %s", (_, first) => {
  it.each(Object.entries(FORMATS))("the library is imported and works, and leaves that as it was: %s", (name, text) =>
    inProject(async (folder) => {
      const warnings = 'const warnings = []; console.warn = (text) => { if (text.startsWith("tfjs-uan")) warnings.push(text); };';
      writeFileSync(join(folder, name), first + warnings + text);
      const { stdout } = await promisify(execFile)(process.execPath, [name], { cwd: folder });
      // No warning: it is the binary that computes.
      expect(JSON.parse(stdout)).toEqual({ isSame: true, y: expect.closeTo(1, 5), warnings: [] });
    }));
});
