/** The colors of Okabe and Ito, which color-blind readers can distinguish, too; grey instead of their black. */
export const OKABE_ITO = {
  blue: "#0072b2",
  orange: "#e69f00",
  green: "#009e73",
  vermilion: "#d55e00",
  purple: "#cc79a7",
  skyBlue: "#56b4e9",
  grey: "#6b6b6b",
  yellow: "#f0e442",
};

/** Options of every chart: it fills its box, without an animation. */
export const common = { animation: false, maintainAspectRatio: false } as const;

export const titled = (text: string) => ({ display: true, text });
