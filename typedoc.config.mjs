// `npm run docs:api`: the API of every entry point of the package, from its docstrings, as HTML in out/api.
import { OptionDefaults } from "typedoc";

/** @type {Partial<import("typedoc").TypeDocOptions>} */
export default {
  entryPoints: ["src/index.ts", "src/layers.ts", "src/standalone/index.ts", "src/threads.ts", "src/workers.ts"],
  tsconfig: "tsconfig.build.json",
  out: "out/api",
  readme: "docs/api.md",
  disableSources: true,
  excludeExternals: true,
  excludeInternal: true,
  excludePrivate: true,
  excludeProtected: true,
  // Of TensorFlow.js's tools, as its own serializable classes have it.
  modifierTags: [...OptionDefaults.modifierTags, "@nocollapse"],
  treatWarningsAsErrors: true,
  // Names that say all, such as a layer's own axis, need no comment.
  requiredToBeDocumented: ["Class", "Enum", "Function", "Interface", "Method", "TypeAlias", "Variable"],
  // A short name for TensorFlow.js's type.
  intentionallyNotExported: ["NamedTensor", "Shape"],
  validation: { invalidLink: true, invalidPath: true, notDocumented: true, notExported: true, rewrittenLink: true },
};
