import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

/** Compiles multiplyAdd.ts to a binary for a memory that is not shared. */
export async function compileMultiplyAdd(): Promise<Uint8Array<ArrayBuffer>> {
  const folder = fileURLToPath(new URL("./", import.meta.url));
  const options = "--outFile multiplyAdd.wasm --runtime stub --importMemory --enable simd -O3 --noAssert".split(" ");
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(["multiplyAdd.ts", "--baseDir", folder, ...options], {
    writeFile(_name, contents) {
      if (typeof contents !== "string") binary = contents;
    },
  });
  if (error || !binary) throw new Error(`bench/kernels/multiplyAdd.ts does not compile: ${stderr}`);
  return binary as Uint8Array<ArrayBuffer>;
}
