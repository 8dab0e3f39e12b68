import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { Readable } from "node:stream";
import { build, type Plugin } from "esbuild";
import { Miniflare } from "miniflare";
import { ROOT } from "./project.js";

// Workers in workerd, through miniflare.

export interface WorkerModule {
  type: "ESModule" | "CompiledWasm";
  path: string;
  contents: string | Uint8Array;
}

/**
 * Bundles a Worker as wrangler does: `.wasm` files become separate modules.
 *
 * @param source the text of a module, whose imports are relative to the project's root
 */
export async function bundleWorker(source: string): Promise<WorkerModule[]> {
  const binaries = new Map<string, WorkerModule>();
  const compiledWasm: Plugin = {
    name: "CompiledWasm",
    setup({ onResolve, resolve }) {
      onResolve({ filter: /\.wasm$/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
        if (pluginData === compiledWasm) return undefined;
        const { path: file, errors } = await resolve(path, { kind, importer, resolveDir, pluginData: compiledWasm });
        if (errors.length > 0) return { errors };
        const name = `./${basename(file)}`;
        binaries.set(name, { type: "CompiledWasm", path: name, contents: readFileSync(file) });
        return { path: name, external: true };
      });
    },
  };
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: ROOT },
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    plugins: [compiledWasm],
  });
  return [{ type: "ESModule", path: "worker.js", contents: outputFiles[0]?.text ?? "" }, ...binaries.values()];
}

/** A Worker in workerd, and the messages that it has written to its console. */
export interface StartedWorker {
  fetch(path: string, body?: unknown): Promise<Response>;
  console: string[];
  stop(): Promise<void>;
}

/** Starts a Worker. The caller stops it. @param date Cloudflare's compatibility date @param flags its compatibility flags */
export async function startWorker(modules: WorkerModule[], date: string, flags: string[] = []): Promise<StartedWorker> {
  const console: string[] = [];
  const miniflare = new Miniflare({
    modules,
    compatibilityDate: date,
    compatibilityFlags: flags,
    cf: false,
    handleRuntimeStdio(...streams: Readable[]) {
      for (const stream of streams) stream.on("data", (data: Buffer) => console.push(String(data)));
    },
  });
  const url = await miniflare.ready;
  return {
    // Over the network, as any client does.
    fetch(path, body) {
      const post = { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) };
      return fetch(new URL(path, url), body === undefined ? {} : post);
    },
    console,
    stop: () => miniflare.dispose(),
  };
}
