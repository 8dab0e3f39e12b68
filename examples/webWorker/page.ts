// npm run build && npx vite examples/webWorker: a page whose web worker trains, with the kernels of tfjs-uan on 'wasm'. The page gets the
// loss of each epoch, and is never kept waiting.
import type { Report, Task } from "./messages.js";

const EPOCHS = 40;

const find = <T extends Element>(selector: string) => document.querySelector(selector) as T;
const button = find<HTMLButtonElement>("button");
const progress = find<HTMLProgressElement>("progress");
const status = find<HTMLElement>("[role=status]");
const frames = find<HTMLOutputElement>("output");

const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });

worker.onmessage = ({ data: report }: MessageEvent<Report>) => {
  switch (report.kind) {
    case "ready":
      status.textContent = "Ready";
      break;
    case "epoch":
      progress.value = report.epoch / EPOCHS;
      status.textContent = `Epoch ${report.epoch}: loss ${report.loss.toFixed(4)}`;
      break;
    case "done":
      status.textContent = `Done: ${(100 * report.accuracy).toFixed(1)} % right; ${report.tensors} tensors in the worker`;
      break;
    case "error":
      status.textContent = `Error: ${report.message}`;
  }
  button.disabled = report.kind === "epoch";
};
worker.onerror = ({ message }) => {
  status.textContent = `Error: ${message}`;
};

button.onclick = () => {
  button.disabled = true;
  worker.postMessage({ epochs: EPOCHS } satisfies Task);
};
button.disabled = true;

function drawFrame(): void {
  frames.value = String(Number(frames.value) + 1);
  requestAnimationFrame(drawFrame);
}
drawFrame();
