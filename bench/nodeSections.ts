import type { Section } from "./section.js";
import { packageSize } from "./sections/package.js";
import { startup } from "./sections/startup.js";

/** Sections that import modules of Node.js. */
export const NODE_SECTIONS: Section[] = [startup, packageSize];
