import { createRequire } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The packages that provide 'tensorflow', the faster one first. */
export const TENSORFLOW = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"];

/** The folder of the project that has them: the one that the environment variable TFJS_NODE names, or else this one. */
export const tensorflowProject = (): string =>
  process.env.TFJS_NODE ? resolve(process.env.TFJS_NODE) : fileURLToPath(new URL("..", import.meta.url));

/** Resolves names of files as a module of that project does. */
export const resolveTensorFlow = (name: string): string =>
  createRequire(resolve(tensorflowProject(), "package.json")).resolve(name);
