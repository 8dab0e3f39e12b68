import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { bundle, entryPoints } from "../../scripts/size.js";

const dist = (path: string) => fileURLToPath(new URL(`../../dist/${path}`, import.meta.url));

describe("tfjs-uan/standalone as it is built", () => {
  it("imports nothing", async () => {
    const { metafile } = await bundle(entryPoints()["tfjs-uan/standalone"] as string);
    expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([]);
    expect(Object.keys(metafile.inputs).filter((path) => path.includes("node_modules"))).toEqual([]);
  });

  it.each(["esm", "cjs"])("has declarations (%s) that need neither TensorFlow.js nor the DOM library", (format) => {
    const program = ts.createProgram([dist(`${format}/standalone/index.d.ts`)], {
      strict: true,
      skipLibCheck: false,
      types: [],
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ["lib.es2022.d.ts"],
    });
    const faults = ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
    expect(faults).toEqual([]);
    const files = program.getSourceFiles().map(({ fileName }) => fileName);
    expect(files.filter((file) => file.includes("@tensorflow"))).toEqual([]);
  });
});
