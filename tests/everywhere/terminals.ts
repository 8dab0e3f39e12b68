import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { inProject, ROOT } from "../../runtimes/project.js";
import { RESULT } from "./programs/result.js";

export const PROGRAMS = fileURLToPath(new URL("programs/", import.meta.url));

/** The command that starts a runtime. */
export interface Command {
  /** Default: the Node.js of this process. */
  command?: string;
  flags?: string[];
  /** Beside the environment of this process. */
  env?: NodeJS.ProcessEnv;
}

export const NODE: Command & { runtime: string } = { runtime: "Node.js" };
export const BUN = { runtime: "Bun", command: join(ROOT, "node_modules/.bin/bun"), flags: ["run"] };
export const DENO = { runtime: "Deno", command: join(ROOT, "node_modules/.bin/deno"), flags: ["run", "--allow-read", "--quiet"] };

/**
 * Runs one of the programs in a user's project.
 *
 * @returns the result that it prints
 */
export async function inTerminal<T>(
  program: string,
  { command = process.execPath, flags = [], env = {} }: Command,
  args: string[],
): Promise<T> {
  return inProject(async (folder) => {
    const outfile = join(folder, "program.mjs");
    const entryPoints = [join(PROGRAMS, `${program}.ts`)];
    await build({ entryPoints, outfile, bundle: true, format: "esm", platform: "node", packages: "external", logLevel: "error" });
    const options = { cwd: folder, env: { ...process.env, ...env }, maxBuffer: 2 ** 26, shell: process.platform === "win32" };
    try {
      const { stdout } = await promisify(execFile)(command, [...flags, outfile, ...args], options);
      return JSON.parse(stdout.slice(stdout.lastIndexOf(RESULT) + RESULT.length));
    } catch (error) {
      // If an error is not caught, the WASM backend prints its own source.
      const { stderr = "", message } = error as { stderr?: string; message: string };
      const lines = (stderr || message).split("\n").filter((line) => line.length < 300);
      throw new Error(`${command} ${flags.join(" ")}:\n${lines.slice(0, 20).join("\n")}`);
    }
  });
}
