import { expect, it } from "vitest";
import { chosenWasmModule } from "../../src/index.js";

it("the library chooses the binary that this vitest project is for", () => {
  expect(chosenWasmModule()).toBe(process.env.BINARY);
});
