import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import ts from "typescript";
import { describe, expect, it } from "vitest";

/** The limit of bytes that a page loads for tfjs-uan/standalone, binary included, minified and compressed. */
const MAX_BYTES = 14_500;

const dist = (path: string) => fileURLToPath(new URL(`../../dist/${path}`, import.meta.url));

describe("the build of tfjs-uan/standalone", () => {
  it(`imports nothing, and is below ${MAX_BYTES} bytes, minified and gzipped`, async () => {
    const { outputFiles, metafile } = await build({
      entryPoints: [dist("esm/standalone/index.js")],
      bundle: true,
      minify: true,
      write: false,
      metafile: true,
      format: "esm",
      external: ["@tensorflow/*"],
    });
    expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([]);
    expect(Object.keys(metafile.inputs).filter((path) => path.includes("node_modules"))).toEqual([]);
    const [bundle] = outputFiles.map(({ contents }) => contents);
    const size = gzipSync(bundle as Uint8Array, { level: 9 }).length;
    console.log(`tfjs-uan/standalone: ${bundle?.length} bytes minified, ${size} gzipped`);
    expect(size).toBeLessThan(MAX_BYTES);
  });

  it.each(["esm", "cjs"])("has declarations (%s) that do not need TensorFlow.js", (format) => {
    const program = ts.createProgram([dist(`${format}/standalone/index.d.ts`)], {
      strict: true,
      skipLibCheck: false,
      types: [],
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
    });
    const faults = ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
    expect(faults).toEqual([]);
    const files = program.getSourceFiles().map(({ fileName }) => fileName);
    expect(files.filter((file) => file.includes("@tensorflow"))).toEqual([]);
  });
});
