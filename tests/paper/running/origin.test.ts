import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Folders } from "../../../learning/data/prepare.js";
import type { RunConfig } from "../../../paper/config.js";
import { originsOf } from "../../../paper/running/origin.js";
import { folderOf } from "../../helpers/folders.js";
import { SMALL } from "./configs.js";

const FILES = { "train_32x32.mat": Uint8Array.of(1), "test_32x32.mat": Uint8Array.of(2) };
const adaptation: RunConfig = { ...SMALL, target: { name: "svhn", seed: 2 } };

const originOf = async (config: RunConfig, folders: Folders, software = "1") => (await originsOf(software, folders))(config);

/** A folder with the files of SVHN, of one time, and others. */
function svhnFolder(): string {
  const folder = folderOf({ ...FILES, notes: Uint8Array.of(3) });
  for (const name of Object.keys(FILES)) utimesSync(join(folder, name), 1, 1);
  return folder;
}

it("another version, or data that a run sees and that changed, are another origin", async () => {
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

it("the same data in another folder, other files beside them, and data that a run does not see are not", async () => {
  const svhn = svhnFolder();
  const before = await originOf(adaptation, { svhn });
  expect(await originOf(adaptation, { svhn: svhnFolder() })).toBe(before);
  writeFileSync(join(svhn, "notes"), Uint8Array.of(4, 5));
  expect(await originOf(adaptation, { svhn })).toBe(before);
  expect(await originOf(adaptation, { svhn, "cifar-10": "/nowhere" })).toBe(before);
  expect(await originOf(SMALL, { svhn })).toBe(await originOf(SMALL, {}));
});
