import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { ROOT } from "./project.js";

// Other versions of Node.js, and Node.js for ARM64, which QEMU runs: `node scripts/installRuntimes.mjs` puts them into a folder. The
// environment variable RUNTIMES names another.

const folder = () => (process.env.RUNTIMES ? resolve(process.env.RUNTIMES) : join(ROOT, "out/runtimes"));

/** The path of a Node.js in that folder, such as node22 or node24-arm64. */
export const otherNode = (name: string) => join(folder(), "node_modules", name, "bin/node");

/** Why it cannot run; undefined if it can. */
export const missingNode = (name: string): string | undefined =>
  existsSync(otherNode(name)) ? undefined : "install it with node scripts/installRuntimes.mjs, on Linux";

/** What runs programs for ARM64 on another processor. It starts no child processes. */
export const QEMU = "/usr/bin/qemu-aarch64-static";
const LIBRARIES = ["libc.so.6", "libstdc++.so.6", "libatomic.so.1"];

/** Why programs for ARM64 do not run here; undefined if they do. */
export function missingArm64(): string | undefined {
  if (!existsSync(QEMU)) return "qemu-user-static is not installed";
  const folders = ["/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu"];
  const lacking = LIBRARIES.filter((library) => !folders.some((folder) => existsSync(join(folder, library))));
  return lacking.length > 0 ? "install libc6:arm64, libstdc++6:arm64 and libatomic1:arm64" : undefined;
}
