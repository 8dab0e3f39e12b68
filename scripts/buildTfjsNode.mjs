// Makes a folder with @tensorflow/tfjs-node that runs, for the environment variable TFJS_NODE: node scripts/buildTfjsNode.mjs FOLDER
//
// The package's own installation downloads a native library from a server that not every machine reaches. Here the library is the one
// in Python's package tensorflow-cpu, and the addon is compiled against it. It takes Linux on x86-64, Python with pip, and g++. Where
// something is missing, the last line of the output says what, and the exit status is 1. A folder that is complete stays as it is.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

const VERSION = "4.22.0";
/** Releases of TensorFlow whose C API the addon has been tried with. */
const TENSORFLOW = "tensorflow-cpu>=2.15,<2.22";
/** Milliseconds that a single step may take. */
const MAX_TIME = 150_000;

/** Of a wheel, what the addon needs: 1 GB of Python's own is left where it is. */
const UNPACK = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name in wheel.namelist():
        if name.startswith(("tensorflow/include/tensorflow/c/", "tensorflow/include/tensorflow/core/platform/",
                            "tensorflow/include/tensorflow/tsl/", "tensorflow/include/xla/tsl/", "tensorflow/include/tsl/",
                            "tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2")):
            wheel.extract(name, sys.argv[2])
`;

function execute(command, args, options = {}) {
  return execFileSync(command, args, { encoding: "utf8", timeout: MAX_TIME, stdio: ["ignore", "pipe", "pipe"], ...options });
}

/** The first of some commands that runs. */
function find(what, candidates) {
  for (const [command, ...args] of candidates) {
    try {
      execute(command, args);
      return command;
    } catch {}
  }
  throw new Error(
    `${what} is wanted, and ${candidates.map(([command, ...args]) => [command, ...args].join(" ")).join(" or ")} failed`,
  );
}

/** Whether the package in a folder loads. */
function loads(folder) {
  try {
    execute(process.execPath, ["-e", 'require("@tensorflow/tfjs-node").scalar(1).add(1).dataSync()'], { cwd: folder });
    return true;
  } catch {
    return false;
  }
}

function build(folder) {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(`Linux on x64 is wanted, and this is ${process.platform} on ${process.arch}`);
  }
  const python = find("Python with pip", [
    ["python3", "-m", "pip", "--version"],
    ["python", "-m", "pip", "--version"],
  ]);
  const compiler = find("a C++ compiler", [["g++", "--version"]]);

  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  // Headers of Node.js as a package: not every Node.js comes with them.
  execute(
    "npm",
    ["install", "--ignore-scripts", "--no-audit", "--no-fund", `@tensorflow/tfjs-node@${VERSION}`, "node-api-headers@1"],
    {
      cwd: folder,
    },
  );

  const wheels = join(folder, "wheel");
  execute(python, [
    "-m",
    "pip",
    "download",
    "--quiet",
    "--no-deps",
    "--only-binary=:all:",
    "--no-cache-dir",
    "-d",
    wheels,
    TENSORFLOW,
  ]);
  const unpacked = join(folder, "python");
  execute(python, ["-c", UNPACK, join(wheels, readdirSync(wheels)[0]), unpacked]);
  rmSync(wheels, { recursive: true });

  const modules = join(folder, "node_modules");
  const tfjsNode = join(modules, "@tensorflow/tfjs-node");
  const libraries = join(tfjsNode, "deps/lib");
  const native = join(tfjsNode, "lib/napi-v8");
  for (const made of [libraries, native]) mkdirSync(made, { recursive: true });
  const tensorflow = join(unpacked, "tensorflow");
  // libtensorflow has the C API; in the wheel it is a part of libtensorflow_cc.
  for (const [name, library] of [
    ["libtensorflow.so", "libtensorflow_cc.so.2"],
    ["libtensorflow_cc.so.2", "libtensorflow_cc.so.2"],
    ["libtensorflow_framework.so", "libtensorflow_framework.so.2"],
    ["libtensorflow_framework.so.2", "libtensorflow_framework.so.2"],
  ]) {
    symlinkSync(relative(libraries, join(tensorflow, library)), join(libraries, name));
  }
  execute(compiler, [
    ..."-std=c++17 -O2 -fPIC -shared -pthread -w -DNAPI_VERSION=8".split(" "),
    ...[tfjsNode, join(tensorflow, "include"), join(modules, "node-api-headers/include")].map((include) => `-I${include}`),
    ...readdirSync(join(tfjsNode, "binding"))
      .filter((name) => name.endsWith(".cc"))
      .map((name) => join(tfjsNode, "binding", name)),
    `-L${libraries}`,
    "-ltensorflow",
    "-ltensorflow_framework",
    "-Wl,-rpath,$ORIGIN/../../deps/lib",
    "-o",
    join(native, "tfjs_binding.node"),
  ]);
  if (!loads(folder)) throw new Error("the addon was built, and does not load");
}

const [given] = process.argv.slice(2);
if (!given) {
  console.error("usage: node scripts/buildTfjsNode.mjs FOLDER");
  process.exit(2);
}
const folder = resolve(given);
const unfinished = `${folder}.unfinished`;
try {
  if (existsSync(folder) && !loads(folder)) throw new Error(`${folder} is there, and has none that loads`);
  if (!existsSync(folder)) {
    rmSync(unfinished, { recursive: true, force: true });
    build(unfinished);
    renameSync(unfinished, folder);
  }
  console.log(`tfjs-node: ${folder}`);
} catch (error) {
  const { stderr = "", message } = error;
  console.error(`${stderr}\ntfjs-node cannot be built: ${message.split("\n")[0]}`.trim());
  process.exitCode = 1;
} finally {
  rmSync(unfinished, { recursive: true, force: true });
}
