import { PIXELS } from "../../../learning/data/digits.js";
import { centered } from "../ink.js";
import { shownDensity } from "../mixture.js";
import {
  type Density,
  KIND_NAMES,
  KINDS,
  type LayerInfo,
  type Ready,
  type Recognized,
  type Reply,
  type Speed,
  type View,
} from "../protocol.js";
import { parseModel } from "../savedModel.js";
import { curvesSummary, decimal, densitySummary, mixtureRows, percent, predictions } from "../summaries.js";
import { CurvesChart, DensityChart } from "./charts.js";
import { Client } from "./client.js";
import { ComponentMap } from "./componentMap.js";
import { button, canvas, element, fillSelect, fillTable, input, meter, offerFile, select, throttled } from "./dom.js";
import { TrainingHistory } from "./history.js";
import { Pad } from "./pad.js";
import { SettingsForm } from "./settings.js";
import { onScheme, redrawInterval } from "./theme.js";

const status = element("status", HTMLElement);
const history = new TrainingHistory();
const lossChart = new CurvesChart(canvas("loss"), "loss");
const accuracyChart = new CurvesChart(canvas("accuracy"), "accuracy", { max: 1 });
const densityChart = new DensityChart(canvas("density"));
const map = new ComponentMap(canvas("map"), element("legend", HTMLElement), element("map-status", HTMLElement));
const client = new Client(
  (reply) => take(reply),
  (message) => fail(message),
);
const settings = new SettingsForm((isBackend) => start(isBackend));
const pad = new Pad(
  canvas("pad"),
  throttled(() => 50, recognize),
  (text) => {
    element("pad-status", HTMLElement).textContent = text;
  },
);

/** The buttons that wait for the networks. */
const WAITING = ["train", "step", "restart", "example", "measure", "save", "load", "download"];

let layers: LayerInfo[] = [];
let training = false;
let density: Density | undefined;
let drawn: Float32Array = new Float32Array(PIXELS);

function say(text: string): void {
  delete status.dataset.failed;
  status.textContent = text;
}

function fail(text: string): void {
  setTraining(false);
  status.dataset.failed = "";
  status.textContent = `This did not work: ${text}`;
}

function enable(on: boolean): void {
  for (const id of WAITING) button(id).disabled = !on;
  input("open").disabled = !on;
}

function setTraining(on: boolean): void {
  training = on;
  button("train").textContent = on ? "Pause" : "Train";
  button("train").setAttribute("aria-pressed", String(on));
}

function start(withNewWorker: boolean): void {
  setTraining(false);
  enable(false);
  say("Making the networks …");
  history.clear();
  showHistory();
  if (withNewWorker) client.renew();
  else client.send({ type: "train", on: false });
  client.send({ type: "start", settings: settings.read() });
}

function recognize(): void {
  drawn = pad.picture;
  client.send({ type: "recognize", pixels: centered(drawn) });
}

// What the worker says.

type Takers = { [T in Reply["type"]]: (reply: Extract<Reply, { type: T }>) => void };

const TAKERS: Takers = {
  ready,
  progress(reply) {
    history.add(reply);
    // For programs that look at the page: what TensorFlow.js keeps.
    document.body.dataset.tensors = String(reply.tensors);
    document.body.dataset.step = String(reply.step);
    showHistoryNow();
  },
  density(reply) {
    density = reply;
    showDensityNow();
  },
  recognized: showRecognized,
  paused: () => say("Paused."),
  example({ label, pixels }) {
    say(`A test digit: ${label}`);
    pad.set(pixels);
  },
  speed: showSpeed,
  saved({ model }) {
    if (model) offerFile("tfjs-uan-live.json", JSON.stringify(model));
    say(model ? "The model is a file now." : "This browser keeps the model.");
  },
  loaded({ components }) {
    settings.showComponents(components);
    say(`The model is loaded, with K = ${components}. Its optimizer starts anew.`);
  },
  failed({ request, message }) {
    if (request !== "start") enable(true);
    fail(message);
  },
};

function take<T extends Reply["type"]>(reply: Extract<Reply, { type: T }>): void {
  (TAKERS[reply.type as T] as (reply: Extract<Reply, { type: T }>) => void)(reply);
}

function ready(reply: Ready): void {
  // The last networks' step may have come after the page let go of them.
  history.clear();
  showHistory();
  document.body.dataset.step = "0";
  layers = reply.layers;
  const layer = select("layer");
  const kept = Number(layer.value || 0);
  fillSelect(
    layer,
    layers.map(({ name }, i) => ({ value: String(i), text: name })),
    String(Math.min(kept, layers.length - 1)),
  );
  enable(true);
  sendView();
  const { trainingDigits, testDigits, backend } = reply;
  say(`Ready: ${backend}. ${trainingDigits.toLocaleString("en")} digits to train with, ${testDigits} to test with.`);
}

// What the page shows.

function showHistory(): void {
  const { lastLosses, lastAccuracies, last } = history;
  lossChart.show(history.lossCurves);
  accuracyChart.show(history.accuracyCurves);
  canvas("loss").setAttribute("aria-label", curvesSummary("Loss", lastLosses, decimal));
  canvas("accuracy").setAttribute("aria-label", curvesSummary("Accuracy", lastAccuracies, percent));
  element("step-count", HTMLElement).textContent = String(last?.step ?? 0);
  const text = (value: number | undefined, of: (value: number) => string) => (value === undefined ? "–" : of(value));
  fillTable(
    "numbers",
    KINDS.map((kind) => [
      KIND_NAMES[kind],
      text(lastLosses[kind], decimal),
      text(lastAccuracies[kind], percent),
      text(last?.times[kind], (time) => decimal(time, 1)),
    ]),
  );
}
const showHistoryNow = throttled(redrawInterval, showHistory);

function showDensity(): void {
  if (!density) return;
  const { histogram, mixture, view, step } = density;
  densityChart.show(density);
  canvas("density").setAttribute("aria-label", densitySummary(view.channel, mixture));
  const highest = Math.max(...histogram.densities);
  const cut = highest > shownDensity(histogram, mixture) ? `; the highest bar, cut off, reaches ${decimal(highest, 1)}` : "";
  const place = `${layers[view.layer]?.name ?? ""}, channel ${view.channel + 1}`;
  element("density-caption", HTMLElement).textContent = `${place}, after ${step} steps${cut}`;
  fillTable("mixture", mixtureRows(mixture));
}
const showDensityNow = throttled(redrawInterval, showDensity);

function showRecognized(reply: Recognized): void {
  // Networks read something into an empty paper, too.
  const isEmpty = drawn.every((ink) => ink === 0);
  const rows = predictions(reply.probabilities);
  fillTable(
    "predictions",
    rows.map(({ name, digit, sure }) => (isEmpty ? [name, "–", "–"] : [name, String(digit), percent(sure)])),
  );
  map.show(reply);
}

function showSpeed({ activations, rows }: Speed): void {
  const most = Math.max(...rows.map(({ nanoseconds }) => nanoseconds));
  element("speed-size", HTMLElement).textContent = activations.toLocaleString("en");
  fillTable(
    "speeds",
    rows.map(({ name, nanoseconds }) => {
      const text = decimal(nanoseconds, 2);
      return [name, text, meter(nanoseconds, most, `${text} ns`)];
    }),
  );
  button("measure").disabled = false;
  say("Measured.");
}

function viewed(): View {
  return { layer: Number(select("layer").value), channel: input("channel").valueAsNumber - 1 };
}

function sendView(): void {
  input("channel").max = String(layers[viewed().layer]?.channels ?? 1);
  element("channel-number", HTMLElement).textContent = input("channel").value;
  client.send({ type: "view", view: viewed() });
}

// What the visitor does.

const onClick = (id: string, call: () => void) => button(id).addEventListener("click", call);

onClick("train", () => {
  setTraining(!training);
  client.send({ type: "train", on: training });
  if (training) say("Training …");
});
onClick("step", () => {
  setTraining(false);
  client.send({ type: "train", on: false });
  client.send({ type: "step" });
});
onClick("restart", () => start(false));
onClick("clear", () => pad.clear());
onClick("example", () => client.send({ type: "example" }));
onClick("measure", () => {
  button("measure").disabled = true;
  say("Measuring …");
  client.send({ type: "speed" });
});
onClick("save", () => client.send({ type: "save", to: "browser" }));
onClick("download", () => client.send({ type: "save", to: "file" }));
onClick("load", () => client.send({ type: "load", from: "browser" }));
input("open").addEventListener("change", async () => {
  const file = input("open").files?.[0];
  if (!file) return;
  try {
    client.send({ type: "load", from: parseModel(await file.text()) });
  } catch (error) {
    fail((error as Error).message);
  }
  input("open").value = "";
});
select("layer").addEventListener("change", sendView);
input("channel").addEventListener("input", sendView);
onScheme(() => {
  for (const chart of [lossChart, accuracyChart, densityChart]) chart.restyle();
  showHistory();
  showDensity();
  pad.paint();
  map.paint();
});

start(true);
