// Builds dist/: the binaries, then the library as ES modules and as CommonJS, each with declarations, and then as a script. Beside it
// wasm/, and folders with which resolvers that do not read `exports` of package.json find what those that do find there.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
process.chdir(fileURLToPath(root));
await import("./buildWasm.mjs");

rmSync("dist", { recursive: true, force: true });
const tsc = "node_modules/typescript/bin/tsc";
const formats = {
  esm: ["--module", "nodenext", "--moduleResolution", "nodenext"],
  cjs: ["--module", "commonjs", "--moduleResolution", "node10"],
};
for (const [format, flags] of Object.entries(formats)) {
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", `dist/${format}`, ...flags], {
    stdio: "inherit",
  });
}
writeFileSync("dist/cjs/package.json", '{ "type": "commonjs" }\n');
rmSync("wasm", { recursive: true, force: true });
mkdirSync("wasm");
for (const file of readdirSync("build/wasm").filter((name) => name.endsWith(".wasm"))) {
  cpSync(`build/wasm/${file}`, `wasm/${file}`);
}
const { exports } = JSON.parse(readFileSync("package.json", "utf8"));
for (const [path, entry] of Object.entries(exports)) {
  if (path === "." || !entry.require) continue;
  const { types, default: main } = entry.require;
  const outside = (file) => `.${file}`;
  const described = { main: outside(main), module: outside(entry.import.default), types: outside(types) };
  mkdirSync(path, { recursive: true });
  writeFileSync(`${path}/package.json`, `${JSON.stringify(described, null, 2)}\n`);
}
await import("./buildScript.mjs");
