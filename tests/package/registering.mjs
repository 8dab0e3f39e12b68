// Prints, as JSON, which modules of dist/esm register something with TensorFlow.js while they are being imported: kernels, gradients
// or classes. The outermost module on the stack is the one whose own statements are running.
import { serialization } from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-wasm";

const dist = new URL("../../dist/esm/", import.meta.url).href;
const found = new Set();
Error.stackTraceLimit = Number.POSITIVE_INFINITY;

function note() {
  const modules = new Error().stack.split("\n").flatMap((line) => {
    const at = line.indexOf(dist);
    return at < 0 ? [] : [line.slice(at + dist.length).replace(/\.js:.*$/, ".js")];
  });
  if (modules.length > 0) found.add(modules.at(-1));
}

/** Has `note` called wherever a map of TensorFlow.js's is written. */
function watch(name) {
  const map = globalThis._tfGlobals.get(name);
  const { set } = Map.prototype;
  map.set = (...entry) => {
    note();
    return set.apply(map, entry);
  };
}

watch("kernelRegistry");
watch("gradRegistry");
const classes = serialization.SerializationMap.getMap();
classes.classNameMap = new Proxy(classes.classNameMap, {
  set(target, name, value) {
    note();
    target[name] = value;
    return true;
  },
});

for (const entryPoint of process.argv.slice(2)) await import(new URL(entryPoint, dist).href);
console.log(JSON.stringify([...found].sort()));
