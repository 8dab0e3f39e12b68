// Builds dist/tfuan.js, for pages without modules. It makes a global `tfuan` beside TensorFlow.js's `tf`. CommonJS and AMD can load
// it, too.
import { readFileSync } from "node:fs";
import { build } from "esbuild";

const { version, license } = JSON.parse(readFileSync("package.json", "utf8"));
const [core, layers] = ["@tensorflow/tfjs-core", "@tensorflow/tfjs-layers"];

const before = `/*! tfjs-uan ${version}, ${license} */
(function (root, factory) {
  if (typeof module === "object" && module.exports) module.exports = factory(require);
  else if (typeof define === "function" && define.amd) {
    define(["${core}", "${layers}"], function (core, layers) {
      return factory(function (name) { return name === "${core}" ? core : layers; });
    });
  } else {
    if (!root.tf || !root.tf.engine || !root.tf.layers) {
      throw new Error("tfuan: TensorFlow.js must be loaded before, as tf.min.js, or as tf-core.min.js and tf-layers.min.js; got no global tf with layers");
    }
    root.tfuan = factory(function () { return root.tf; });
  }
})(typeof self === "undefined" ? this : self, function (require) {
var module = { exports: {} };`;
const after = "return module.exports;\n});";

await build({
  stdin: {
    contents: 'export * from "./dist/esm/index.js"; export * as layers from "./dist/esm/layers.js";',
    resolveDir: ".",
  },
  outfile: "dist/tfuan.js",
  bundle: true,
  minify: true,
  format: "cjs",
  platform: "browser",
  target: "es2022",
  external: [core, layers],
  banner: { js: before },
  footer: { js: after },
  legalComments: "none",
});
