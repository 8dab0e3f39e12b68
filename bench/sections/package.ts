import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import type { Row } from "../results.js";
import type { Section } from "../section.js";

const run = promisify(execFile);
const ROOT = new URL("../../", import.meta.url);

const inBytes = (what: string, sizes: Record<string, number>): Row[] =>
  Object.entries(sizes).map(([contender, value]) => ({ case: what, contender, quantity: { value, unit: "bytes" } }));

const bothWays = (what: string, bytes: Buffer) => inBytes(what, { "as it is": bytes.length, gzip: gzipSync(bytes).length });

async function filesOf(folder: URL, ending: string): Promise<[string, Buffer][]> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(ending));
  return Promise.all(names.map(async (name): Promise<[string, Buffer]> => [name, await readFile(new URL(name, folder))]));
}

export const packageSize: Section = {
  name: "package",
  question: "How large is the library?",
  inNodeOnly: true,
  threads: "none",
  async run() {
    const options = { cwd: fileURLToPath(ROOT), shell: process.platform === "win32" };
    const { stdout } = await run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], options);
    const [{ size, unpackedSize }] = JSON.parse(stdout);
    const binaries = await filesOf(new URL("wasm/", ROOT), ".wasm");
    const modules = await filesOf(new URL("dist/esm/", ROOT), ".js");
    return [
      {
        title: "sizes",
        axis: "what",
        note: "The package has the JavaScript twice, as ES modules and as CommonJS. The JavaScript includes the binaries as text.",
        rows: [
          ...inBytes("npm package", { "as it is": unpackedSize, gzip: size }),
          ...bothWays("JavaScript (ES modules)", Buffer.concat(modules.map(([, bytes]) => bytes))),
          ...binaries.flatMap(([name, bytes]) => bothWays(name, bytes)),
        ],
      },
    ];
  },
};
