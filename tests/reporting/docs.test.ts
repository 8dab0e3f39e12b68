import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Docs, publish, renderDocs } from "../../reporting/docs.js";
import { fileOf } from "../helpers/docs.js";

let folder = "";
const at = (name: string) => relative(fileOf("."), join(folder, name));
const text = (name: string) => readFile(join(folder, name), "utf8");
const empty = "<!-- a -->\n<!-- /a -->\n";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uan-docs-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("documents", () => {
  it("are told as they are and as they must be", async () => {
    await writeFile(join(folder, "told.md"), empty);
    expect(await renderDocs({ [at("told.md")]: { a: "1" } })).toEqual([
      { path: at("told.md"), is: empty, wanted: "<!-- a -->\n\n1\n\n<!-- /a -->\n" },
    ]);
  });

  it("are written with the results that they show", async () => {
    await writeFile(join(folder, "one.md"), `${empty}<!-- b -->\n<!-- /b -->\n`);
    await writeFile(join(folder, "two.md"), empty);
    const docs: Docs = { [at("one.md")]: { a: "1", b: "2" }, [at("two.md")]: { a: "3" } };
    const written = await publish(docs, at("results.json"), (file) => writeFile(file, "results"));
    expect(written).toEqual([at("one.md"), at("two.md"), at("results.json")]);
    expect(await text("one.md")).toBe("<!-- a -->\n\n1\n\n<!-- /a -->\n<!-- b -->\n\n2\n\n<!-- /b -->\n");
    expect(await text("two.md")).toBe("<!-- a -->\n\n3\n\n<!-- /a -->\n");
    expect(await text("results.json")).toBe("results");
  });

  it("are left as they are where one lacks a marker, and the error names it", async () => {
    await writeFile(join(folder, "whole.md"), empty);
    await writeFile(join(folder, "lacking.md"), "nothing");
    let isKept = false;
    const keep = async () => {
      isKept = true;
    };
    const docs = { [at("whole.md")]: { a: "1" }, [at("lacking.md")]: { a: "1" } };
    await expect(publish(docs, at("kept.json"), keep)).rejects.toThrow(`${at("lacking.md")}: '<!-- a -->' must be there once`);
    expect(isKept).toBe(false);
    expect(await text("whole.md")).toBe(empty);
  });
});
