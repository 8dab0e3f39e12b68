import { softmax_apply, softmax_grad_apply, softmax_prepare, softmax_table_bytes } from "../../assembly/softmax";
import { free, getAt, intact, room, setAt } from "./support";

const ROWS: u32 = 3;

describe("softmax", () => {
  it("writes rows that add up to 1 and gradients that add up to 0, and nothing outside of them and the table", () => {
    const bytes = softmax_table_bytes();
    for (let channels: u32 = 1; channels < 19; channels++) {
      const count = ROWS * channels;
      const table = room(bytes);
      const x = room(4 * count);
      const y = room(4 * count);
      const dx = room(4 * count);
      for (let i: u32 = 0; i < count; i++) {
        const value: u32 = (7 * i) % 5;
        setAt(x, i, <f32>value);
      }
      softmax_prepare(table, channels);
      softmax_apply(table, x, y, 0, count);
      softmax_grad_apply(table, x, y, dx, 0, count);
      for (let row: u32 = 0; row < ROWS; row++) {
        let sum: f64 = 0;
        let gradients: f64 = 0;
        for (let i = row * channels; i < (row + 1) * channels; i++) {
          sum += getAt(y, i);
          gradients += getAt(dx, i);
        }
        expect<bool>(Math.abs(sum - 1) < 1e-6).toBe(true, `${channels} channels, ${sum}`);
        expect<bool>(Math.abs(gradients) < 1e-6).toBe(true, `${channels} channels, ${gradients}`);
      }
      expect<bool>(intact(x, 4 * count) && intact(y, 4 * count) && intact(dx, 4 * count)).toBe(true, `${channels} channels`);
      expect<bool>(intact(table, bytes)).toBe(true, `${channels} channels`);
      free(dx);
      free(y);
      free(x);
      free(table);
    }
  });
});
