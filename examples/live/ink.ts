import { PIXELS, SIDE } from "../../learning/data/digits.js";

// What a visitor draws: 28 × 28 pixels from 0 (paper) to 1 (ink), as MNIST's.

/** How far from a stroke's middle ink reaches, in pixels. */
const RADIUS = 1.6;

/** Puts ink around each point of the line between two points, given in pixels. */
export function drawLine(ink: Float32Array, fromX: number, fromY: number, toX: number, toY: number): void {
  const [dx, dy] = [toX - fromX, toY - fromY];
  const squared = dx * dx + dy * dy;
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const [x, y] = [column + 0.5 - fromX, row + 0.5 - fromY];
      const along = squared > 0 ? Math.min(1, Math.max(0, (x * dx + y * dy) / squared)) : 0;
      const distance = Math.hypot(x - along * dx, y - along * dy);
      const amount = Math.min(1, Math.max(0, RADIUS - distance));
      const at = row * SIDE + column;
      ink[at] = Math.max(ink[at] as number, amount);
    }
  }
}

/** The picture moved by whole pixels so that the ink's center of mass is in the middle, as MNIST's digits are. */
export function centered(ink: Float32Array): Float32Array {
  let [mass, x, y] = [0, 0, 0];
  for (let at = 0; at < PIXELS; at++) {
    const amount = ink[at] as number;
    mass += amount;
    x += amount * ((at % SIDE) + 0.5);
    y += amount * (Math.floor(at / SIDE) + 0.5);
  }
  if (mass === 0) return ink.slice();
  const right = Math.round(SIDE / 2 - x / mass);
  const down = Math.round(SIDE / 2 - y / mass);
  return Float32Array.from({ length: PIXELS }, (_, at) => {
    const [column, row] = [(at % SIDE) - right, Math.floor(at / SIDE) - down];
    return column >= 0 && column < SIDE && row >= 0 && row < SIDE ? (ink[row * SIDE + column] as number) : 0;
  });
}
