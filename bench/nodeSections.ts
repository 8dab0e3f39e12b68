import type { Section } from "./section.js";
import { packageSize } from "./sections/package.js";
import { startup } from "./sections/startup.js";
import { step } from "./sections/step.js";
import { threads } from "./sections/threads.js";
import { SECTIONS } from "./sections.js";

/** All sections: also those that import modules of Node.js. */
export const ALL_SECTIONS: Section[] = [...SECTIONS, step, threads, startup, packageSize];
