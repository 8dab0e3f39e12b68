// `npm run size`, after `npm run build`: how large a bundle of each entry point is, minified and gzipped, beside its budget.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Metafile } from "esbuild";
import { textTable } from "../reporting/textTable.js";

const root = new URL("../", import.meta.url);
const json = (path: string) => JSON.parse(readFileSync(new URL(path, root), "utf8"));

/** Bytes, minified and gzipped, that each entry point may have: a little more than it has. */
export const BUDGETS: { [entryPoint: string]: number } = json("scripts/sizes.json");

/** The modules of dist/esm that users import, by the names that they import them by. */
export function entryPoints(): { [name: string]: string } {
  const { name, exports } = json("package.json") as { name: string; exports: { [path: string]: unknown } };
  const modules = Object.entries(exports).flatMap(([path, target]) => {
    const file = (target as { import?: { default: string } }).import?.default;
    return file ? [[name + path.slice(1), file]] : [];
  });
  return Object.fromEntries(modules);
}

export interface Bundle {
  /** Bytes as minified. */
  minified: number;
  gzipped: number;
  metafile: Metafile;
}

/** What a bundler makes of a module with all it imports, but for TensorFlow.js. */
export async function bundle(file: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: fileURLToPath(root),
    entryPoints: [file],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    external: ["@tensorflow/*"],
  });
  const [{ contents }] = outputFiles as [(typeof outputFiles)[number]];
  return { minified: contents.length, gzipped: gzipSync(contents, { level: 9 }).length, metafile };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const bytes = (n: number) => n.toLocaleString("en");
  const rows = Object.entries(entryPoints()).map(async ([name, file]) => {
    const { minified, gzipped } = await bundle(file);
    return [name, bytes(minified), bytes(gzipped), bytes(BUDGETS[name] ?? 0)];
  });
  console.log(textTable([["bytes", "minified", "gzipped", "budget (gzipped)"], ...(await Promise.all(rows))]));
}
