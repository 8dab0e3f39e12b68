// Compiles assembly/ into build/wasm, once for each target of asconfig.json, and inlines the binaries as a TypeScript module; not
// those for shared memory, which src/backend/sharedMemory.ts makes of the others.
// A binary runs over memory that is full of somebody else's tensors: one that would write to it by itself (static data, an
// allocation) or that asks for anything but the memory is refused.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import asc from "assemblyscript/asc";

const root = new URL("../", import.meta.url);
const { targets } = JSON.parse(readFileSync(new URL("asconfig.json", root), "utf8"));
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
let inlined = "// Made by scripts/buildWasm.mjs from assembly/.\n";
for (const [target, { outFile, textFile }] of Object.entries(targets)) {
  const { error } = await asc.main(["--target", target], { stderr: process.stderr, stdout: process.stdout });
  // The compiler has said what is wrong; a stack trace through its bundle would bury it.
  if (error) process.exit(1);
  const bytes = readFileSync(new URL(outFile, root));
  check(outFile, bytes, readFileSync(new URL(textFile, root), "utf8"));
  if (!target.startsWith("threaded-")) {
    const name = target.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
    inlined += `\nexport const ${name} =\n  "${bytes.toString("base64")}";\n`;
  }
  console.log(`${outFile}: ${bytes.length} bytes`);
}
writeFileSync(new URL("src/backend/binaries.ts", root), inlined);
