import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { text as textOf } from "node:stream/consumers";

const TYPES: { [extension: string]: string } = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm",
};
/** Headers that make a page cross-origin isolated, so that it may share memory between threads. */
const ISOLATION = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

export interface ServeOptions {
  /** Texts by their path, such as "/index.html". */
  texts?: { [path: string]: string };
  /** Folders by the path at which they are served, such as "/wasm/". */
  folders?: { [path: string]: string };
  /** Whether pages are cross-origin isolated. Default false. */
  isolated?: boolean;
  /** The pages' Content-Security-Policy. Default: none. */
  policy?: string;
  /** What is called with the text that a page posts, by path. */
  posts?: { [path: string]: (text: string) => void };
}

export interface Served {
  /** Without a trailing slash. */
  url: string;
  close(): Promise<void>;
}

/** Serves files to browsers on this machine, on a free port. */
export async function serve({ texts = {}, folders = {}, isolated = false, policy, posts = {} }: ServeOptions): Promise<Served> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    const headers = {
      "Content-Type": TYPES[path === "/" ? ".html" : extname(path)] ?? "application/octet-stream",
      ...(isolated ? ISOLATION : {}),
      ...(policy ? { "Content-Security-Policy": policy } : {}),
    };
    const posted = request.method === "POST" && posts[path];
    if (posted) {
      response.writeHead(204, headers).end();
      textOf(request).then(posted);
      return;
    }
    const text = texts[path];
    if (text !== undefined) {
      response.writeHead(200, headers).end(text);
      return;
    }
    const prefix = Object.keys(folders).find((prefix) => path.startsWith(prefix));
    const file = prefix && join(folders[prefix] as string, normalize(`/${path.slice(prefix.length)}`));
    if (!file || !statSync(file, { throwIfNoEntry: false })?.isFile()) {
      response.writeHead(404, headers).end();
      return;
    }
    response.writeHead(200, headers);
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    // Without encryption, only the name localhost allows a page to be isolated.
    url: `http://localhost:${port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
