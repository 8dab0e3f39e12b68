import { publish } from "../../reporting/docs.js";
import { runDocsProgram } from "../../reporting/docsProgram.js";
import { mnistDocs } from "./block.js";
import { readReport, writeJson } from "./results.js";

await runDocsProgram({
  name: "docs:mnist",
  help: `Writes the results of npm start and of npm start -- --model mlp into docs/training.md,
and keeps them in examples/mnist/results.json.`,
  files: ["out/mnist-cnn.json", "out/mnist-mlp.json"],
  async publish(files) {
    const reports = await Promise.all(files.map(readReport));
    return publish(mnistDocs(reports), "examples/mnist/results.json", (kept) => writeJson(kept, reports));
  },
});
