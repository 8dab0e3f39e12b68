// Compiles assembly/ into build/wasm, once for each target of asconfig.json (from assembly/index.ts, or from the `entry` of a target).
// It also inlines binaries in TypeScript modules, except those for shared memory: src/binary/sharedMemory.ts makes them from the
// others.
// A binary runs in memory that is full of somebody else's tensors. So it must not write there by itself (no static data, no
// allocation), and must import nothing but the memory. Otherwise the build fails.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import asc from "assemblyscript/asc";
import { interfaceReader, writeInterface } from "./binaryInterface.mjs";

const root = new URL("../", import.meta.url);
const { targets } = JSON.parse(readFileSync(new URL("asconfig.json", root), "utf8"));
/** Modules with inlined binaries, in hexadecimal: base64 is shorter as it is, but longer by a fifth once it is compressed. */
const INLINED = {
  "src/binary/inlined.ts": ["relaxed-simd", "simd", "scalar"],
  "src/standalone/inlined.ts": ["standalone-simd"],
};
/** Classes of assembly/ that TypeScript writes word by word. */
const STRUCTURES = {
  simd: ["assembly/convolution/plan/ConvolutionPlan", "assembly/matMul/plan/MatMulPlan", "assembly/winograd/plan/WinogradPlan"],
};
const DATA_SECTIONS = new Map([
  [11, "a data segment"],
  [12, "a data count"],
  [8, "a start function"],
]);

/** The ids of a module's sections. */
function sections(bytes) {
  const ids = [];
  for (let at = 8; at < bytes.length; ) {
    ids.push(bytes[at++]);
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      size |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    at += size;
  }
  return ids;
}

function check(name, bytes, text) {
  const faults = sections(bytes).flatMap((id) => DATA_SECTIONS.get(id) ?? []);
  for (const [, module, field] of text.matchAll(/\(import "(.*?)" "(.*?)"/g)) {
    if (module !== "env" || field !== "memory") faults.push(`an import, ${module}.${field}`);
  }
  if (/memory\.grow|~lib\/rt\//.test(text)) faults.push("an allocation");
  if (faults.length) {
    console.error(`${name} must leave its memory alone, but has ${faults.join(" and ")}`);
    process.exit(1);
  }
}

mkdirSync(new URL("build/wasm", root), { recursive: true });
const binaries = {};
const interfaces = {};
for (const [target, { entry = "assembly/index.ts", outFile, textFile }] of Object.entries(targets)) {
  const { error } = await asc.main([entry, "--target", target], {
    stderr: process.stderr,
    stdout: process.stdout,
    transforms: [
      interfaceReader(entry, STRUCTURES[target] ?? [], (found) => {
        interfaces[target] = found;
      }),
    ],
  });
  // The compiler has printed what is wrong. A stack trace through its bundle would only hide that.
  if (error) process.exit(1);
  const bytes = readFileSync(new URL(outFile, root));
  check(outFile, bytes, readFileSync(new URL(textFile, root), "utf8"));
  binaries[target] = bytes;
  console.log(`${outFile}: ${bytes.length} bytes`);
}
for (const [file, targets] of Object.entries(INLINED)) {
  let text = "// Made by scripts/buildWasm.mjs from assembly/.\n";
  for (const target of targets) {
    const name = target.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
    text += `\nexport const ${name} =\n  "${binaries[target].toString("hex")}";\n`;
  }
  writeFileSync(new URL(file, root), text);
}
writeInterface(new URL("src/binary/interface.ts", root), interfaces.simd, interfaces["standalone-simd"]);
