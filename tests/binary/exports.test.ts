import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

/** The names in the first column of a table of CONTRIBUTING.md. */
function namesOf(column: string): string[] {
  const lines = readFileSync("CONTRIBUTING.md", "utf8").split("\n");
  const header = lines.findIndex((line) => line.startsWith(`| ${column} `));
  if (header < 0) throw new Error(`CONTRIBUTING.md: a table of every ${column} is wanted, but there is none`);
  const names: string[] = [];
  for (let i = header + 2; lines[i]?.startsWith("|"); i++) {
    const [, name] = /^\| `(\w+)` +\| \S/.exec(lines[i] as string) ?? [];
    if (!name) throw new Error(`CONTRIBUTING.md: a line with a name and its meaning is wanted, but got ${lines[i]}`);
    names.push(name);
  }
  return names;
}

const ops = namesOf("op");
const phases = namesOf("phase");

/** The op and the phase that a name consists of, if it does. */
function parse(name: string): [op: string, phase: string] | undefined {
  for (const phase of phases) {
    const op = name.slice(0, -phase.length - 1);
    if (ops.includes(op) && name === `${op}_${phase}`) return [op, phase];
  }
  return undefined;
}

const binaries = readdirSync("build/wasm").filter((file) => file.endsWith(".wasm"));
const exportsOf = (file: string) => WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(`build/wasm/${file}`)));
const functionsOf = (file: string) => exportsOf(file).flatMap(({ kind, name }) => (kind === "function" ? [name] : []));

describe("a binary's exports", () => {
  it.each(binaries)("%s: every function is named after an op and a phase of CONTRIBUTING.md", (file) => {
    const names = functionsOf(file);
    expect(names).not.toEqual([]);
    expect(names.filter((name) => !parse(name))).toEqual([]);
  });

  it.each(binaries)("%s: the memory is all else", (file) => {
    expect(exportsOf(file).filter(({ kind }) => kind !== "function")).toEqual([{ kind: "memory", name: "memory" }]);
  });

  it("together use every op and every phase of CONTRIBUTING.md", () => {
    const used = binaries.flatMap(functionsOf).flatMap((name) => parse(name) ?? []);
    expect([...ops, ...phases].filter((name) => !used.includes(name))).toEqual([]);
  });

  it.each([
    "uan_backward_sums",
    "norm_sums",
    "norm_apply_all",
    "apply",
    "_apply",
    "uan_apply_apply",
  ])("would not have the name %s", (name) => expect(parse(name)).toBeUndefined());
});
