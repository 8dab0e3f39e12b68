import { appendFileSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Folders } from "../../../learning/data/prepare.js";
import type { RunConfig } from "../../../paper/config.js";
import { importsOf, originsOf } from "../../../paper/running/origin.js";
import { folderOf } from "../../helpers/folders.js";
import { SMALL } from "./configs.js";

const FILES = { "train_32x32.mat": Uint8Array.of(1), "test_32x32.mat": Uint8Array.of(2) };
const adaptation: RunConfig = { ...SMALL, target: { name: "svhn", seed: 2 } };

const originOf = async (config: RunConfig, folders: Folders, software = "1") => (await originsOf(software, folders))(config);

/** A folder with the files of SVHN, all with the same modification time, and another file. */
function svhnFolder(): string {
  const folder = folderOf({ ...FILES, notes: Uint8Array.of(3) });
  for (const name of Object.keys(FILES)) utimesSync(join(folder, name), 1, 1);
  return folder;
}

/** A folder with code: run.ts imports direct.ts, which imports indirect.ts; of types.ts only a type is imported. */
function codeFolder(): string {
  return folderOf({
    "run.ts": `import "node:fs";
import "@tensorflow/tfjs-core";
import "tfjs-uan/layers";
import { direct } from "./direct.js";
import type { Type } from "./types.js";
export const run: Type = direct;
`,
    "direct.ts": 'export const direct = (await import("./indirect.js")).indirect;\n',
    "indirect.ts": "export const indirect = 1;\n",
    "types.ts": "export type Type = number;\n",
    "beside.ts": "export const beside = 1;\n",
  });
}

describe("the origin of a run", () => {
  it("is another for other versions, and where data that the run uses were changed", async () => {
    const svhn = svhnFolder();
    const origins = [
      await originOf(adaptation, { svhn }),
      await originOf(adaptation, { svhn }, "2"),
      await originOf(adaptation, { svhn: "/nowhere" }),
      await originOf({ ...adaptation, data: { name: "svhn", seed: 1 } }, { svhn }),
    ];
    const file = join(svhn, "test_32x32.mat");
    utimesSync(file, 2, 2);
    origins.push(await originOf(adaptation, { svhn }));
    writeFileSync(file, Uint8Array.of(1, 2));
    utimesSync(file, 2, 2);
    origins.push(await originOf(adaptation, { svhn }));
    expect(new Set(origins).size).toBe(6);
  });

  it("is the same for the same data in another folder, for other files beside them, and for data that the run does not use", async () => {
    const svhn = svhnFolder();
    const before = await originOf(adaptation, { svhn });
    expect(await originOf(adaptation, { svhn: svhnFolder() })).toBe(before);
    writeFileSync(join(svhn, "notes"), Uint8Array.of(4, 5));
    expect(await originOf(adaptation, { svhn })).toBe(before);
    expect(await originOf(adaptation, { svhn, "cifar-10": "/nowhere" })).toBe(before);
    expect(await originOf(SMALL, { svhn })).toBe(await originOf(SMALL, {}));
  });

  it("follows from the files that the code imports, and from no others", async () => {
    const folder = codeFolder();
    const origin = async () => (await originsOf("1", {}, join(folder, "run.ts")))(SMALL);
    const first = await origin();
    for (const name of ["types.ts", "beside.ts"]) {
      appendFileSync(join(folder, name), "export const more = 1;\n");
      expect(await origin()).toBe(first);
    }
    const origins = [first];
    for (const name of ["run.ts", "direct.ts", "indirect.ts"]) {
      appendFileSync(join(folder, name), "export const more = 1;\n");
      origins.push(await origin());
    }
    expect(new Set(origins).size).toBe(4);
  });
});

it("importsOf names files and packages, those of a dynamic import and of a subpath included, but neither types nor Node.js's modules", async () => {
  const folder = codeFolder();
  const { files, packages } = await importsOf(join(folder, "run.ts"));
  expect(files.map((file) => basename(file))).toEqual(["direct.ts", "indirect.ts", "run.ts"]);
  expect(packages).toEqual(["@tensorflow/tfjs-core", "tfjs-uan"]);
});

it("a run imports its networks, data sets, random numbers and training, not the program around them", async () => {
  const { files } = await importsOf("paper/training/run.ts");
  expect(files).toEqual(
    expect.arrayContaining([
      "learning/data/prepare.ts",
      "learning/networks.ts",
      "learning/random.ts",
      "paper/methods.ts",
      "paper/training/epoch.ts",
    ]),
  );
  expect(files.filter((file) => !/^(learning|paper\/(training|[a-z]+\.ts))/.test(file))).toEqual([]);
  expect(files).not.toContain("paper/main.ts");
});
