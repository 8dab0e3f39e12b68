// Checks assembly/ and tests/assembly with Biome, by the rules of biome.json, and with --write formats them. Other options of
// `biome check` work, too. Biome parses TypeScript, where a function cannot have a decorator. So it checks copies of the files,
// in which a function's `@inline` is a comment of the same length: lines and columns stay the same. biome.json leaves these
// folders out for the same reason.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const folders = ["assembly", "tests/assembly"];

/** Rules that do not fit AssemblyScript. */
const rules = {
  correctness: {
    // Integers have up to 64 bits.
    noPrecisionLoss: "off",
  },
  style: {
    // There is no `import type`.
    useImportType: "off",
  },
  suspicious: {
    // `==` converts nothing, and `===` compares references: of strings, not what they hold.
    noDoubleEquals: "off",
    // isNaN and isFinite take a number of a known type, and there are no Number.isNaN and Number.isFinite.
    noGlobalIsFinite: "off",
    noGlobalIsNan: "off",
  },
};

const asTypeScript = (text) => text.replace(/^@inline(?= (export )?function\b)/gm, "/*inl*/");
const asAssemblyScript = (text) => text.replace(/^\/\*inl\*\//gm, "@inline");

const files = folders.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(folder, file)),
);
const { $schema, files: _, vcs, ...config } = JSON.parse(readFileSync(join(root, "biome.json"), "utf8"));
config.linter.rules = { ...config.linter.rules, ...rules };

const copies = mkdtempSync(join(tmpdir(), "tfjs-uan-assembly-"));
try {
  writeFileSync(join(copies, "biome.json"), JSON.stringify(config));
  for (const file of files) {
    mkdirSync(join(copies, dirname(file)), { recursive: true });
    writeFileSync(join(copies, file), asTypeScript(readFileSync(join(root, file), "utf8")));
  }
  const biome = fileURLToPath(import.meta.resolve("@biomejs/biome/bin/biome"));
  const options = { cwd: copies, stdio: "inherit" };
  const { status, error } = spawnSync(process.execPath, [biome, "check", ...process.argv.slice(2), ...folders], options);
  if (error) throw error;
  for (const file of files) {
    const text = asAssemblyScript(readFileSync(join(copies, file), "utf8"));
    if (text !== readFileSync(join(root, file), "utf8")) writeFileSync(join(root, file), text);
  }
  process.exitCode = status ?? 1;
} finally {
  rmSync(copies, { recursive: true });
}
