// Runs the as-pect specs of tests/assembly. as-pect also passes when it runs nothing. So this program fails unless every spec file
// ran, and had tests.
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

const root = new URL("../", import.meta.url);
const specs = new URL("tests/assembly/", root);

/** The exit code and the output of as-pect. Its verbose reporter writes to the error stream. */
async function run() {
  const main = fileURLToPath(new URL("test.js", import.meta.resolve("@as-pect/cli")));
  const child = spawn(process.execPath, [main, "--verbose"], {
    cwd: fileURLToPath(root),
    env: { ...process.env, FORCE_COLOR: process.stdout.isTTY ? "1" : "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      process.stdout.write(text);
      output += text;
    });
  }
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  return { code, output: stripVTControlCharacters(output) };
}

/** The number of tests that ran in each spec file, from as-pect's report. */
function testsRun(output) {
  const reports = output.matchAll(/\[File\]: (\S+).*?\[Summary\]: [^\n]*?(\d+) total/gs);
  return new Map(Array.from(reports, ([, file, tests]) => [file.replaceAll("\\", "/"), Number(tests)]));
}

const found = (existsSync(specs) ? readdirSync(specs, { recursive: true }) : [])
  .filter((file) => file.endsWith(".spec.ts"))
  .map((file) => `tests/assembly/${file.replaceAll("\\", "/")}`);
const { code, output } = await run();
const ran = testsRun(output);
const faults = found.filter((file) => !ran.get(file)).map((file) => `${file}: no test was run`);
if (!found.length) faults.push("tests/assembly has no *.spec.ts");
if (code !== 0) faults.push(`as-pect ended with ${code ?? "a signal"}`);
if (faults.length) {
  console.error(`\nThe tests of assembly/ failed:\n${faults.map((fault) => `  ${fault}\n`).join("")}`);
  process.exitCode = 1;
} else {
  const tests = [...ran.values()].reduce((sum, n) => sum + n, 0);
  console.log(`\nassembly/: ${tests} tests in ${ran.size} files passed.`);
}
