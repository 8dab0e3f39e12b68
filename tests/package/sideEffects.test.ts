import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { entryPoints } from "../../scripts/size.js";

// Bundlers drop a module that nothing is used of, unless `sideEffects` of package.json lists it.

const root = fileURLToPath(new URL("../../", import.meta.url));
const esm = `${root}dist/esm/`;
const { sideEffects } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as { sideEffects: string[] };

/** Its patterns name modules of dist/esm and dist/cjs at once; here as paths in either. */
const listed = sideEffects.map((pattern) => pattern.replace(/^\.\/dist\/\*\//, ""));
const modules = readdirSync(esm, { recursive: true, encoding: "utf8" })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => path.endsWith(".js"));
const entries = Object.entries(entryPoints()).map(([name, path]) => ({ name, path, file: path.replace("./dist/esm/", "") }));

/** Modules that register something when they are imported, as a process without bundler sees it. */
const registering: string[] = JSON.parse(
  execFileSync(process.execPath, ["tests/package/registering.mjs", ...entries.map(({ file }) => file)], {
    cwd: root,
    encoding: "utf8",
  }),
);

/** What a module imports for nothing but its effects. */
function importsForEffects(file: string): string[] {
  const imports = readFileSync(esm + file, "utf8").matchAll(/^import "(\..+)";$/gm);
  return Array.from(imports, ([, path]) => posix.join(posix.dirname(file), path as string));
}

/** Those, and the ones that bring them along. */
function withImporters(files: string[]): string[] {
  const more = modules.filter((file) => !files.includes(file) && importsForEffects(file).some((path) => files.includes(path)));
  return more.length > 0 ? withImporters([...files, ...more]) : files;
}

/** Modules of dist/esm in a bundle that imports an entry point and uses nothing of it. */
async function bundled(path: string, ignoreAnnotations: boolean): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    stdin: { contents: `import "${path}";`, resolveDir: root },
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    external: ["@tensorflow/*"],
    logLevel: "silent",
    ignoreAnnotations,
  });
  const [output] = Object.values(metafile.outputs);
  return Object.keys(output?.inputs ?? {})
    .filter((input) => input.startsWith("dist/esm/"))
    .map((input) => input.replace("dist/esm/", ""));
}

describe("sideEffects of package.json", () => {
  it("lists the modules that register something, those that import them for that, and no others", () => {
    expect(registering).toContain("registry/register.js");
    expect([...listed].sort()).toEqual(withImporters(registering).sort());
  });

  it("keeps all that importing an entry point registers, though nothing of it is used", async () => {
    for (const { name, path } of entries) {
      const [kept, all] = [await bundled(path, false), await bundled(path, true)];
      expect(kept, name).toEqual(expect.arrayContaining(registering.filter((file) => all.includes(file))));
    }
    const layers = await bundled("./dist/esm/layers.js", false);
    expect(layers).toEqual(expect.arrayContaining(registering));
  });
});
