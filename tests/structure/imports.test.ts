import { fileURLToPath } from "node:url";
import { cruise, type ICruiseResult, type IRegularForbiddenRuleType } from "dependency-cruiser";
import { expect, it } from "vitest";
import { folderOf } from "../helpers/folders.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Circles that are left to remove. An entry whose circle is gone fails the test, too. */
const TODO: string[] = [];

const LIBRARY = "src";
const PROGRAMS = "bench|examples|paper";
const SHARED = "learning|reporting|runtimes";
const OTHERS = "scripts|tests";
const FOLDERS = [LIBRARY, ...`${PROGRAMS}|${SHARED}|${OTHERS}`.split("|")];

const RULES: IRegularForbiddenRuleType[] = [
  { name: "imports in a circle", from: {}, to: { circular: true } },
  { name: "a file that is not there", from: {}, to: { path: "^[.]", couldNotResolve: true } },
  {
    name: "a program that imports another, or tests",
    from: { path: `^(${PROGRAMS})/` },
    to: { path: `^(${PROGRAMS}|tests)/`, pathNot: "^$1/" },
  },
  {
    name: "a shared folder that imports a program, a script or tests",
    from: { path: `^(${SHARED})/` },
    to: { path: `^(${PROGRAMS}|${OTHERS})/` },
  },
  {
    name: "the library importing what is not in the package",
    from: { path: `^${LIBRARY}/` },
    to: { path: `^(${PROGRAMS}|${SHARED}|${OTHERS})/` },
  },
];

/** Files of users' projects, which are complete where they are copied to. */
const PROJECTS = "^tests/everywhere/bundlers/[^/]+/";

/** The imports that break each rule, those of types included. tests/assembly is AssemblyScript. */
async function violations(baseDir: string, folders: string[]): Promise<Record<string, string[]>> {
  const { output } = await cruise(folders, {
    baseDir,
    ruleSet: { forbidden: RULES },
    validate: true,
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules|^dist/" },
    exclude: { path: ["^tests/assembly/", PROJECTS] },
  });
  const found: Record<string, string[]> = Object.fromEntries(RULES.map(({ name }) => [name, []]));
  for (const { rule, from, to, cycle } of (output as ICruiseResult).summary.violations) {
    found[rule.name]?.push([from, ...(cycle?.map(({ name }) => name) ?? [to])].join(" → "));
  }
  return found;
}

it("files import one another in no circle, programs import no program, and the library nothing outside src", async () => {
  const { "imports in a circle": circles, ...others } = await violations(ROOT, FOLDERS);
  expect(circles?.sort()).toEqual(TODO);
  expect(others).toEqual(Object.fromEntries(Object.keys(others).map((name) => [name, []])));
});

it("an import that breaks a rule is found", async () => {
  const folder = folderOf({
    "src/a.ts": 'import type { B } from "./b.js";\nexport type A = B | 1;\n',
    "src/b.ts": 'export type B = import("./a.js").A;\nexport { c } from "../learning/c.js";\n',
    "learning/c.ts": 'export const c = 1;\nawait import("../paper/d.js");\n',
    "paper/d.ts": 'import "../bench/e.js";\nimport "./missing.js";\n',
    "paper/f.ts": 'import "./d.js";\n',
    "bench/e.ts": "export {};\n",
  });
  expect(await violations(folder, ["src", "learning", "paper", "bench"])).toEqual({
    "imports in a circle": ["src/a.ts → src/b.ts → src/a.ts"],
    "a file that is not there": ["paper/d.ts → ./missing.js"],
    "a program that imports another, or tests": ["paper/d.ts → bench/e.ts"],
    "a shared folder that imports a program, a script or tests": ["learning/c.ts → paper/d.ts"],
    "the library importing what is not in the package": ["src/b.ts → learning/c.ts"],
  });
});
