import { PIXELS, SIDE } from "../../../learning/data/digits.js";
import { drawLine } from "../ink.js";
import { inks } from "./theme.js";

const STEPS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** A canvas to draw a digit on, by pointer or keyboard. */
export class Pad {
  private ink = new Float32Array(PIXELS);
  /** Where the pen is, in pixels of the digit. */
  private pen = { x: SIDE / 2, y: SIDE / 2 };
  private isDown = false;
  private byKeyboard = false;

  /**
   * @param changed is called after each stroke's part
   * @param say is called with what the keyboard did
   */
  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly changed: () => void,
    private readonly say: (text: string) => void,
  ) {
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.isDown = true;
      this.byKeyboard = false;
      this.pen = this.placeOf(event);
      this.drawTo(this.pen.x, this.pen.y);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.isDown || this.byKeyboard) return;
      const { x, y } = this.placeOf(event);
      this.drawTo(x, y);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, () => {
        this.isDown = false;
      });
    }
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => {
      this.isDown = false;
      this.byKeyboard = false;
      this.paint();
    });
    this.paint();
  }

  get picture(): Float32Array {
    return this.ink.slice();
  }

  /** Shows a picture in the place of what is drawn. */
  set(ink: Float32Array): void {
    this.ink = ink.slice() as Float32Array<ArrayBuffer>;
    this.paint();
    this.changed();
  }

  clear(): void {
    this.set(new Float32Array(PIXELS));
  }

  paint(): void {
    const context = this.canvas.getContext("2d") as CanvasRenderingContext2D;
    const size = this.canvas.width / SIDE;
    const { ink, paper, faint } = inks();
    context.globalAlpha = 1;
    context.fillStyle = paper;
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    context.fillStyle = ink;
    for (let at = 0; at < PIXELS; at++) {
      context.globalAlpha = this.ink[at] as number;
      context.fillRect((at % SIDE) * size, Math.floor(at / SIDE) * size, size, size);
    }
    context.globalAlpha = 1;
    if (!this.byKeyboard) return;
    context.strokeStyle = faint;
    context.lineWidth = this.isDown ? 4 : 2;
    context.strokeRect((this.pen.x - 1) * size, (this.pen.y - 1) * size, 2 * size, 2 * size);
  }

  private placeOf({ clientX, clientY }: PointerEvent) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return { x: ((clientX - left) / width) * SIDE, y: ((clientY - top) / height) * SIDE };
  }

  private drawTo(x: number, y: number): void {
    drawLine(this.ink, this.pen.x, this.pen.y, x, y);
    this.pen = { x, y };
    this.paint();
    this.changed();
  }

  private key(event: KeyboardEvent): void {
    const step = STEPS[event.key];
    if (step) {
      const within = (value: number) => Math.min(SIDE - 2, Math.max(2, value));
      const [x, y] = [within(Math.round(this.pen.x) + step[0]), within(Math.round(this.pen.y) + step[1])];
      this.byKeyboard = true;
      if (this.isDown) this.drawTo(x, y);
      else {
        this.pen = { x, y };
        this.paint();
      }
      this.say(`Pen ${this.isDown ? "down" : "up"} at column ${x}, row ${y} of ${SIDE}`);
    } else if (event.key === " " || event.key === "Enter") {
      this.byKeyboard = true;
      this.isDown = !this.isDown;
      if (this.isDown) this.drawTo(this.pen.x, this.pen.y);
      else this.paint();
      this.say(this.isDown ? "Pen down" : "Pen up");
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.clear();
      this.say("Cleared");
    } else return;
    event.preventDefault();
  }
}
