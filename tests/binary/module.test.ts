import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { withSharedMemory } from "../../src/binary/sharedMemory.js";
import { forgetCopies } from "../helpers/copies.js";

const load = () => import("../../src/binary/module.js");
const compiled = (name: string) => new WebAssembly.Module(readFileSync(`build/wasm/tfjs-uan-${name}.wasm`));

describe("chosenWasmModule", () => {
  afterEach(() => {
    vi.restoreAllMocks();
    forgetCopies();
  });

  it("is the one with relaxed SIMD where the runtime validates it, for either kind of memory", async () => {
    const { chosenWasmModule } = await load();
    vi.spyOn(WebAssembly, "validate").mockReturnValue(true);
    expect(chosenWasmModule()).toBe("relaxedSimd");
    expect(chosenWasmModule(true)).toBe("threadedRelaxedSimd");
  });

  it("is the one with SIMD where the runtime has only that", async () => {
    const { chosenWasmModule } = await load();
    vi.spyOn(WebAssembly, "validate").mockReturnValueOnce(false).mockReturnValue(true);
    expect(chosenWasmModule()).toBe("simd");
  });

  it("is the one without SIMD where the runtime validates nothing", async () => {
    const { chosenWasmModule } = await load();
    vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
    expect(chosenWasmModule()).toBe("scalar");
    expect(chosenWasmModule(true)).toBe("threadedSimd");
  });

  it("is named where there is no WebAssembly, too", async () => {
    const { chosenWasmModule } = await load();
    vi.stubGlobal("WebAssembly", undefined);
    try {
      expect(chosenWasmModule()).toBe("scalar");
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it("is a binary that was given before any other, without asking the runtime", async () => {
    const { chosenWasmModule, setWasmModules } = await load();
    const validate = vi.spyOn(WebAssembly, "validate").mockReturnValue(true);
    expect(chosenWasmModule()).toBe("relaxedSimd");
    validate.mockClear();
    setWasmModules({ simd: compiled("simd"), threadedSimd: compiled("threaded-simd") });
    expect(chosenWasmModule()).toBe("simd");
    expect(chosenWasmModule(true)).toBe("threadedSimd");
    expect(validate).not.toHaveBeenCalled();
  });
});

describe("withSharedMemory", () => {
  it.each(["simd", "relaxed-simd"])("makes of %s what the compiler makes for shared memory", (name) => {
    const bytes = (target: string) => new Uint8Array(readFileSync(`build/wasm/tfjs-uan-${target}.wasm`));
    expect(withSharedMemory(bytes(name))).toEqual(bytes(`threaded-${name}`));
  });

  it("refuses a binary that imports no memory", () => {
    expect(() => withSharedMemory(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))).toThrow("does not import its memory");
  });
});
