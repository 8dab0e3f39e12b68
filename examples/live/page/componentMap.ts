import { owners } from "../mixture.js";
import type { Recognized } from "../protocol.js";
import { activationText, percent, shares } from "../summaries.js";
import { drawPattern } from "./patterns.js";
import { hues, inks } from "./theme.js";

const LEGEND_SIZE = 24;

/** Which component took each of a channel's activations, as a picture that arrows and taps ask for details. */
export class ComponentMap {
  private shown?: Recognized;
  private cursor?: number;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly legend: HTMLElement,
    private readonly status: HTMLElement,
  ) {
    canvas.addEventListener("keydown", (event) => {
      if (!this.shown) return;
      const { width } = this.shown;
      const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -width, ArrowDown: width };
      const step = steps[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const next = (this.cursor ?? -step) + step;
      if (next >= 0 && next < this.shown.activations.length) this.moveTo(next);
    });
    canvas.addEventListener("pointerdown", ({ clientX, clientY }) => {
      if (!this.shown) return;
      const box = canvas.getBoundingClientRect();
      const part = (at: number, start: number, length: number, count: number) =>
        Math.min(count - 1, Math.max(0, Math.floor(((at - start) / length) * count)));
      const { width, height } = this.shown;
      this.moveTo(part(clientY, box.top, box.height, height) * width + part(clientX, box.left, box.width, width));
    });
  }

  show(recognized: Recognized): void {
    if (this.shown?.width !== recognized.width) this.cursor = undefined;
    this.shown = recognized;
    this.paint();
  }

  paint(): void {
    if (!this.shown) return;
    const { activations, responsibilities, width, height } = this.shown;
    const components = responsibilities.length / activations.length;
    const owner = owners(responsibilities, components);
    const context = this.canvas.getContext("2d") as CanvasRenderingContext2D;
    const colors = hues();
    const size = this.canvas.width / Math.max(width, height);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    for (const [i, k] of owner.entries()) {
      drawPattern(context, k, colors[k] as string, (i % width) * size, Math.floor(i / width) * size, size);
    }
    if (this.cursor !== undefined) {
      context.strokeStyle = inks().ink;
      context.lineWidth = 4;
      context.strokeRect((this.cursor % width) * size, Math.floor(this.cursor / width) * size, size, size);
    }
    this.paintLegend(shares(owner, components), colors);
    this.say();
  }

  private paintLegend(parts: number[], colors: string[]): void {
    const items = parts.map((part, k) => {
      const item = document.createElement("li");
      const sample = document.createElement("canvas");
      sample.width = LEGEND_SIZE;
      sample.height = LEGEND_SIZE;
      sample.setAttribute("aria-hidden", "true");
      drawPattern(sample.getContext("2d") as CanvasRenderingContext2D, k, colors[k] as string, 0, 0, LEGEND_SIZE);
      item.append(sample, `component ${k + 1}: ${percent(part)}`);
      return item;
    });
    this.legend.replaceChildren(...items);
  }

  private moveTo(index: number): void {
    this.cursor = index;
    this.paint();
  }

  private say(): void {
    if (!this.shown) return;
    const text = this.cursor === undefined ? "Tap an activation, or move by arrows." : activationText(this.shown, this.cursor);
    if (this.status.textContent !== text) this.status.textContent = text;
  }
}
