// Components as colors with patterns: each can be told from the others without its color.

type Draw = (context: CanvasRenderingContext2D, size: number) => void;

const line =
  (...points: [number, number][]): Draw =>
  (context, size) => {
    context.beginPath();
    for (const [i, [x, y]] of points.entries()) {
      if (i % 2 === 0) context.moveTo(x * size, y * size);
      else context.lineTo(x * size, y * size);
    }
    context.stroke();
  };

/** Of each component, in a square of side 1. */
const PATTERNS: Draw[] = [
  () => {},
  line([0.5, 0.15], [0.5, 0.85]),
  line([0.15, 0.5], [0.85, 0.5]),
  line([0.15, 0.15], [0.85, 0.85]),
  line([0.15, 0.15], [0.85, 0.85], [0.85, 0.15], [0.15, 0.85]),
  (context, size) => context.strokeRect(0.25 * size, 0.25 * size, 0.5 * size, 0.5 * size),
];

/** Draws a component's square. */
export function drawPattern(
  context: CanvasRenderingContext2D,
  component: number,
  color: string,
  x: number,
  y: number,
  size: number,
) {
  context.save();
  context.translate(x, y);
  context.fillStyle = color;
  context.fillRect(0, 0, size, size);
  context.strokeStyle = "#000";
  context.lineWidth = Math.max(1, size / 9);
  PATTERNS[component]?.(context, size);
  context.restore();
}
