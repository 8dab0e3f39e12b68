import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { originOf } from "../../../paper/running/origin.js";
import { folderOf } from "../folders.js";

it("another version, other data, or data changed since, are another origin; the same are the same", async () => {
  const [svhn, other] = [folderOf({ "in/a.bin": Uint8Array.of(1) }), folderOf({ "in/a.bin": Uint8Array.of(1) })];
  const before = [
    await originOf("1", {}),
    await originOf("2", {}),
    await originOf("1", { svhn }),
    await originOf("1", { svhn: other }),
    await originOf("1", { svhn: "/nowhere" }),
  ];
  expect(new Set(before).size).toBe(5);
  expect(await originOf("1", { svhn })).toBe(before[2]);

  const file = join(svhn, "in/a.bin");
  utimesSync(file, 1, 1);
  const touched = await originOf("1", { svhn });
  writeFileSync(file, Uint8Array.of(1, 2));
  utimesSync(file, 1, 1);
  expect(new Set([...before, touched, await originOf("1", { svhn })]).size).toBe(7);
});
