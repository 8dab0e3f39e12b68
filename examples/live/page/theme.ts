import { OKABE_ITO } from "../../../reporting/charts.js";

// What the visitor's system asks for.

const dark = matchMedia("(prefers-color-scheme: dark)");
const still = matchMedia("(prefers-reduced-motion: reduce)");

export const isDark = (): boolean => dark.matches;

/** Calls when the system turns light or dark. */
export const onScheme = (call: () => void): void => dark.addEventListener("change", call);

/** How often charts may change while networks train, in ms: with reduced motion, rarely. */
export const redrawInterval = (): number => (still.matches ? 1000 : 100);

/** Colors of text and lines, as a chart or a canvas takes them. */
export function inks(): { ink: string; faint: string; line: string; paper: string } {
  return isDark()
    ? { ink: "#e9eaec", faint: "#a9afb9", line: "#454a53", paper: "#16181c" }
    : { ink: "#1b1d21", faint: "#5a5f68", line: "#c4c8cf", paper: "#ffffff" };
}

const { blue, skyBlue, orange, green, vermilion, purple, yellow } = OKABE_ITO;

/** Colors of curves and components. Dashes, points and patterns tell them apart, too. */
export const hues = (): string[] =>
  isDark() ? [skyBlue, orange, green, vermilion, purple, yellow] : [blue, vermilion, green, orange, purple, "#4d4d4d"];
