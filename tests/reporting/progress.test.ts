import { expect, it } from "vitest";
import { timeText } from "../../reporting/progress.js";

it.each([
  [0, "0:00"],
  [59.6, "0:59"],
  [3599, "59:59"],
  [3600, "1 h 0 min"],
  [86399, "23 h 59 min"],
  [45 * 86400 + 7 * 3600, "45 d 7 h"],
  [Number.NaN, "-:--"],
])("%d seconds are %s", (seconds, text) => {
  expect(timeText(seconds)).toBe(text);
});
