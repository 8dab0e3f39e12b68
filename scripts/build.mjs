// Builds dist/: the binaries, then the library as ES modules and as CommonJS, each with declarations, and then as a script.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
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
mkdirSync("dist/wasm");
for (const file of readdirSync("build/wasm").filter((name) => name.endsWith(".wasm"))) {
  cpSync(`build/wasm/${file}`, `dist/wasm/${file}`);
}
await import("./buildScript.mjs");
