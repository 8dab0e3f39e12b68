import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mnistDocs } from "../../examples/mnist/block.js";
import { type Options, parseOptions } from "../../examples/mnist/options.js";
import { type Report, readReport, readReports, writeJson } from "../../examples/mnist/results.js";
import { expectWritten, fileOf } from "../helpers/docs.js";

const madeUp = (...args: string[]): Report => ({
  version: 1,
  date: "2025-01-02T03:04:05.000Z",
  machine: { cpu: "Abacus 9000", cores: 4, memoryBytes: 8 * 1024 ** 3, platform: "linux x64" },
  runtime: { name: "Node.js", version: "v20.1.0" },
  backend: { name: "wasm", simd: true },
  versions: { "tfjs-uan": "0.1.0" },
  options: parseOptions(args) as Options,
  summaries: [{ name: "UAN", testAccuracy: 0.98765, finalLoss: 0.01234, secondsPerEpoch: 12.345, normalizingSecondsPerEpoch: 1 }],
});
const [cnn, mlp] = [madeUp(), madeUp("--model", "mlp")];

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uan-mnist-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("mnistDocs", () => {
  it("has what ran where, and a table of each network, in whatever order they come", () => {
    const docs = mnistDocs([mlp, cnn]);
    expect(docs).toEqual(mnistDocs([cnn, mlp]));
    const where = "on 4 cores of Abacus 9000, Node.js v20.1.0, tfjs-uan 0.1.0, 2025-01-02:";
    const table = `| normalization | test accuracy | final loss | time per epoch | normalizing |
|---|---|---|---|---|
| UAN | 98.77 % | 0.0123 | 12.35 s | 1.00 s |`;
    const [first, firstTable, second, secondTable, notes] = docs["docs/training.md"]?.mnist?.split("\n\n") ?? [];
    const adam = "Adam with learning rate 0.001, UAN with K = 3, seed 1";
    const small = "width 0.25, 6400 digits to train on, 10000 to test, 4 epochs, batch size 32";
    expect(first).toBe(`\`npm start\` (${small}, ${adam}) ${where}`);
    const large = "width 1, 20000 digits to train on, 10000 to test, 10 epochs, batch size 128";
    expect(second).toBe(`\`npm start -- --model mlp\` (${large}, ${adam}) ${where}`);
    expect([firstTable, secondTable]).toEqual([table, table]);
    expect(notes).toMatch(/^Test accuracy: /);
  });

  it.each([
    ["a network is missing", [cnn], "a run of each of cnn, mlp, got cnn"],
    ["a network is there twice", [cnn, cnn, mlp], "got cnn, cnn, mlp"],
    ["there is none", [], "got none"],
    ["options are not the default", [madeUp("--seed", "2"), mlp], "runs with the default options, got cnn with {"],
    ["it ran in a page", [cnn, { ...mlp, runtime: { name: "Chromium", version: "1" } }], "runs in Node.js, got one in Chromium"],
  ])("refuses results where %s", (_, reports, message) => {
    expect(() => mnistDocs(reports)).toThrow(message);
  });
});

describe("results", () => {
  it("come back from their file", async () => {
    await writeJson(join(folder, "cnn.json"), cnn);
    expect(await readReport(join(folder, "cnn.json"))).toEqual(cnn);
    await writeJson(join(folder, "all.json"), [cnn, mlp]);
    expect(await readReports(join(folder, "all.json"))).toEqual([cnn, mlp]);
  });

  it.each([
    ["{", "wanted results of npm start, as JSON"],
    ["{}", ".version: wanted 1, got nothing"],
    [JSON.stringify({ ...cnn, summaries: [] }), ".summaries: wanted at least 1 in the list, got []"],
  ])("are refused: %s", async (text, message) => {
    const file = join(folder, "bad.json");
    await writeFile(file, text);
    await expect(readReport(file)).rejects.toThrow(`${file}`);
    await expect(readReport(file)).rejects.toThrow(message);
  });

  it("that are kept are what docs/training.md says: `npm run docs:mnist` writes both", async () => {
    await expectWritten(mnistDocs(await readReports(fileOf("examples/mnist/results.json"))));
  });
});
