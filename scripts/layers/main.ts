/**
 * Prints, as Markdown, which layers of tf.layers do not train on the 'wasm' backend of TensorFlow.js and what becomes of them
 * with this library: `node scripts/layersTable.mjs`, after `npm run build`. The models are those of tests/layers/everyLayer.ts.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const TOLERANCE = 1e-3;

/** What becomes of every model in this process: "trains", or what is wrong. */
async function outcomes(withLibrary) {
  const tf = await import("@tensorflow/tfjs-core");
  await import("@tensorflow/tfjs-layers");
  await import("@tensorflow/tfjs-backend-cpu");
  await import("@tensorflow/tfjs-backend-wasm");
  if (withLibrary) await import("tfjs-uan/layers");
  const { disagreement, EVERY_LAYER, trainOneStep } = await import("../tests/layers/everyLayer.ts");

  async function outcome(entry) {
    await tf.setBackend("wasm");
    try {
      const step = await trainOneStep(entry);
      if (entry.notOnCpu) return "trains";
      await tf.setBackend("cpu");
      return disagreement(step, await trainOneStep(entry)) < TOLERANCE ? "trains" : "wrong gradients";
    } catch (error) {
      const kernel = /Kernel '(\w+)' not registered for backend 'wasm'/.exec(error.message)?.[1];
      return kernel ? `no \`${kernel}\`` : error.message.split("\n")[0];
    }
  }

  const found = [];
  for (const entry of EVERY_LAYER) {
    const { layer, variant, untrainable } = entry;
    found.push({ layer, variant, why: untrainable?.why, outcome: await outcome(entry) });
  }
  return found;
}

async function inChild(mode) {
  const child = fork(fileURLToPath(import.meta.url), [mode], {
    execArgv: ["--import", "tsx"],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let complaints = "";
  child.stderr.on("data", (data) => {
    complaints += data;
  });
  const message = once(child, "message");
  const exit = once(child, "close").then(([code]) => {
    if (code !== 0) throw new Error(`${mode}: ${complaints}`);
  });
  const [[found]] = await Promise.all([message, exit]);
  return found;
}

function groups(models) {
  const outcomes = new Set(models.map(({ outcome }) => outcome));
  return new Map([...outcomes].map((outcome) => [outcome, models.filter((model) => model.outcome === outcome)]));
}

/** One cell for a layer: what happens, and where that is not the same everywhere, to which variants. */
function cell(models) {
  const variants = groups(models);
  if (variants.size === 1) return models[0].outcome;
  const some = [...variants].filter(([outcome]) => outcome !== "trains");
  return some.map(([outcome, those]) => `${outcome} (${those.map(({ variant }) => variant).join("; ")})`).join(", ");
}

function print(heads, rows) {
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i].length)));
  const line = (cells) => `| ${cells.map((text, i) => text.padEnd(widths[i])).join(" | ")} |`;
  console.log([line(heads), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n"));
}

async function main() {
  const [without, with_] = [await inChild("without"), await inChild("with")];
  const trainable = (found, layer) => found.filter((each) => each.layer === layer && !each.why);
  const failing = new Set(without.filter(({ outcome, why }) => !why && outcome !== "trains").map(({ layer }) => layer));
  print(
    ["layer", "without tfjs-uan", "with it"],
    [...failing].map((layer) => [`\`${layer}\``, cell(trainable(without, layer)), cell(trainable(with_, layer))]),
  );
  console.log("\nOn no backend:\n");
  print(
    ["layer", "what", "why"],
    with_.filter(({ why }) => why).map(({ layer, variant, why }) => [`\`${layer}\``, variant, why]),
  );
}

const [, , mode] = process.argv;
if (mode) {
  process.send(await outcomes(mode === "with"), () => process.exit(0));
} else {
  await main();
}
