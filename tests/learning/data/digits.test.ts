import { expect, it } from "vitest";
import { DataError } from "../../../learning/data/dataError.js";
import { PIXELS, parseDigits, readDigits } from "../../../learning/data/digits.js";

function idx(shape: number[], bytes: Uint8Array, magic = 0x0800 + shape.length): Uint8Array {
  // Not at the start of its buffer, as files that Node.js reads may be.
  const file = new Uint8Array(3 + 4 * (shape.length + 1) + bytes.length).subarray(3);
  const view = new DataView(file.buffer, file.byteOffset);
  for (const [i, value] of [magic, ...shape].entries()) view.setUint32(4 * i, value);
  file.set(bytes, file.length - bytes.length);
  return file;
}

const images = (count: number) =>
  idx(
    [count, 28, 28],
    Uint8Array.from({ length: count * PIXELS }, (_, i) => i),
  );
const labels = (...values: number[]) => idx([values.length], Uint8Array.from(values));
const parse = (x: Uint8Array, y: Uint8Array) => parseDigits("images", x, "labels", y);

it("reads images and labels", () => {
  const digits = parse(images(2), labels(7, 3));
  expect(digits.count).toBe(2);
  expect([...digits.labels]).toEqual([7, 3]);
  expect(digits.images.length).toBe(2 * PIXELS);
  expect([...digits.images.subarray(PIXELS, PIXELS + 2)]).toEqual([PIXELS % 256, (PIXELS + 1) % 256]);
});

it.each<[string, Uint8Array, Uint8Array, string]>([
  ["a short file", new Uint8Array(3), labels(1), "images: an IDX header takes 16 bytes, got a file of 3"],
  ["other data", idx([1, 28, 28], new Uint8Array(PIXELS), 0x0d03), labels(1), "images: the magic number must be 0x00000803"],
  ["a file cut off", images(2).subarray(0, -1), labels(1, 2), "must be followed by 1568 bytes, got 1567"],
  ["other images", idx([1, 14, 56], new Uint8Array(PIXELS)), labels(1), "images must have 28 x 28 pixels, got 14 x 56"],
  ["too few labels", images(2), labels(1), "labels: must hold 2 labels"],
  ["labels that are no digits", images(1), labels(10), "labels must be 0 to 9, got 10"],
])("refuses %s", (_, x, y, message) => {
  expect(() => parse(x, y)).toThrow(message);
  expect(() => parse(x, y)).toThrow(DataError);
});

it("takes the first digits, and names a file that has too few or is missing", async () => {
  const read = async (name: string) => {
    if (name.startsWith("none")) throw new Error("no such file");
    return name.includes("images") ? images(3) : labels(1, 2, 3);
  };
  const { training, test } = await readDigits(read, 2, 1);
  expect([training.count, test.count]).toEqual([2, 1]);
  await expect(readDigits(read, 4, 1)).rejects.toThrow("train-images-idx3-ubyte: must hold 4 digits, got 3");
  const missing = () => Promise.reject(new Error("404"));
  await expect(readDigits(missing, 1, 1)).rejects.toThrow(/^t.*-ubyte: cannot be read \(404\)$/);
});
