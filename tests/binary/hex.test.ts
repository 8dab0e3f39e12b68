import { expect, it } from "vitest";
import { fromHex } from "../../src/binary/hex.js";

it("fromHex gives every byte back", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => 255 - i);
  expect(fromHex(Buffer.from(bytes).toString("hex"))).toEqual(bytes);
});
