// Writes src/binary/interface.ts: what the binary exports and how its structures lie in memory, as the AssemblyScript compiler has
// them, so that neither is stated a second time in TypeScript.

import { writeFileSync } from "node:fs";
import { Transform } from "assemblyscript/transform";

/** AssemblyScript's types as TypeScript's. An address is a type of its own: a count in its place does not compile. */
const TYPES = { usize: "Pointer", bool: "boolean", void: "void", u32: "number", i32: "number", f32: "number", f64: "number" };

/** A transform that reads a program's exports, and the structures that TypeScript writes, once it is compiled. */
export function interfaceReader(entry, structures, receive) {
  return class extends Transform {
    afterCompile() {
      const file = this.program.filesByName.get(entry.replace(/\.ts$/, ""));
      receive({
        functions: [...file.exports].map(([name, element]) => functionOf(name, element)),
        structures: structures.map((path) => structureOf(path, this.program.elementsByName)),
      });
    }
  };
}

function functionOf(name, element) {
  const [{ signature }] = element.instances.values();
  const parameters = element.functionTypeNode.parameters.map((parameter, i) => {
    return `${parameter.name.text}: ${TYPES[signature.parameterTypes[i]]}`;
  });
  return { name, text: `  ${name}(${parameters.join(", ")}): ${TYPES[signature.returnType].replace("Pointer", "number")};` };
}

/** A class of u32 fields, as words. */
function structureOf(path, elements) {
  const prefix = `${path}#`;
  const fields = [...elements.keys()].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const instance = elements.get(path).instances.values().next().value;
  fields.forEach((field, i) => {
    const { memoryOffset, type } = instance.members.get(field).instance;
    if (memoryOffset !== 4 * i || `${type}` !== "u32") throw new Error(`${prefix}${field} is not word ${i}, a u32`);
  });
  return { name: path.slice(path.lastIndexOf("/") + 1), fields };
}

/** @param program, standalone what two readers received: of all kernels, and of those that tfjs-uan/standalone has */
export function writeInterface(file, program, standalone) {
  const names = standalone.functions.map(({ name }) => `  | "${name}"`);
  const text = [
    "// Made by scripts/buildWasm.mjs from assembly/.",
    "",
    "declare const address: unique symbol;",
    "/** A number of bytes from the start of a memory. */",
    "export type Pointer = number & { readonly [address]: true };",
    "",
    "/** What the binary exports; assembly/ documents each function. Results of 32 bits may come with a sign: `>>> 0`. */",
    "export type BinaryExports = {",
    ...program.functions.map(({ text }) => text),
    "};",
    "",
    "/** What the binary of tfjs-uan/standalone exports. */",
    `export type StandaloneExports = Pick<\n  BinaryExports,\n${names.join("\n")}\n>;`,
    ...program.structures.flatMap(({ name, fields }) => [
      "",
      "/** The 32-bit words of the structure of this name in assembly/, in order. */",
      `export const ${name}Words = [`,
      ...fields.map((field) => `  "${field}",`),
      "] as const;",
    ]),
  ];
  writeFileSync(file, `${text.join("\n")}\n`);
}
