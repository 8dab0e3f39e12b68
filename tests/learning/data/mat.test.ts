import { describe, expect, it } from "vitest";
import { DataError } from "../../../learning/data/dataError.js";
import { parseMat } from "../../../learning/data/mat.js";
import { type Layout, matFile, type Variable } from "./matFiles.js";

const LAYOUTS: Layout[] = [true, false].flatMap((little) => [true, false].map((compressed) => ({ little, compressed })));
const PLAIN: Layout = { little: true, compressed: false };

const DOUBLE = 6;
const TEXT = 4;
const variable = (name: string, type: number, values: number[], shape = [values.length, 1]): Variable => {
  return { name, class: DOUBLE, shape, type, values };
};

describe.each(LAYOUTS)("a file, little-endian $little, compressed $compressed", (layout) => {
  it.each([
    [1, "int8", [-128, 0, 127]],
    [2, "uint8", [0, 1, 255]],
    [3, "int16", [-32768, 5]],
    [4, "uint16", [65535, 258]],
    [5, "int32", [-(2 ** 31), 70000, 3]],
    [6, "uint32", [2 ** 32 - 1, 258]],
    [7, "single", [0.5, -1.25, 3]],
    [9, "double", [0.1, -1e300]],
    [12, "int64", [-(2 ** 40), 3]],
    [13, "uint64", [2 ** 52, 7]],
  ])("may have numbers of type %i, %s", (type, _, values) => {
    const file = matFile([variable("a", type, values), variable("four", type, [values[0] as number])], layout);
    const variables = parseMat("file", file);
    expect([...(variables.get("a")?.values ?? [])]).toEqual(values);
    expect(variables.get("a")?.shape).toEqual([values.length, 1]);
    expect([...(variables.get("four")?.values ?? [])]).toEqual([values[0]]);
  });

  it("may have arrays of many dimensions or none, names of any length, and variables that are skipped", () => {
    const variables = parseMat(
      "file",
      matFile(
        [
          { name: "text", class: TEXT, shape: [1, 3], type: 16, values: [104, 105, 33] },
          variable("x", 2, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [2, 1, 3, 2]),
          variable("aLongNameOfALongName", 2, [5]),
          variable("nothing", 9, [], [0, 0]),
        ],
        layout,
      ),
    );
    expect([...variables.keys()]).toEqual(["x", "aLongNameOfALongName", "nothing"]);
    expect(variables.get("x")?.shape).toEqual([2, 1, 3, 2]);
    expect(variables.get("x")?.values).toBeInstanceOf(Uint8Array);
    expect(variables.get("x")?.values).toHaveLength(12);
    expect(variables.get("nothing")?.values).toHaveLength(0);
  });
});

const X = variable("x", 9, [1, 2, 3]);
const broken = (at: number) =>
  Uint8Array.from(matFile([X], { little: true, compressed: true }), (byte, i) => (i === at ? 0xee : byte));

it.each([
  [
    "a short file",
    new Uint8Array(10),
    "must be a MATLAB Level 5 MAT-file, as saved with -v7, got a file of 10 bytes without its header",
  ],
  ["a file of another format", new Uint8Array(500), "got a file of 500 bytes without its header"],
  ["an HDF5 file", matFile([X], PLAIN, 0x0200), "got one of MATLAB 7.3, which is HDF5"],
  [
    "a truncated file",
    matFile([X], PLAIN).subarray(0, -3),
    "an element of type 14 and 72 bytes must fit into 69: is the file complete?",
  ],
  ["a file truncated in a tag", matFile([X], PLAIN).subarray(0, 132), "a tag takes 8 bytes, got 4"],
  ["a truncated compressed file", matFile([X], { ...PLAIN, compressed: true }).subarray(0, -3), "an element of type 15"],
  ["broken compression", broken(140), "a compressed variable cannot be inflated ("],
  ["too few values", matFile([variable("x", 2, [1, 2], [3, 1])], PLAIN), "x of shape [3, 1] must have 3 values, got 2"],
  ["unknown types", matFile([variable("x", 8, [1])], PLAIN), "numbers must be of type 1 to 7, 9, 12 or 13, got type 8"],
])("refuses %s", (_, bytes, message) => {
  expect(() => parseMat("a.mat", bytes)).toThrow(`a.mat: `);
  expect(() => parseMat("a.mat", bytes)).toThrow(message);
  expect(() => parseMat("a.mat", bytes)).toThrow(DataError);
});
