import type { Section } from "./section.js";
import { packageSize } from "./sections/package.js";
import { startup } from "./sections/startup.js";

/** Those that import what only Node.js has. */
export const NODE_SECTIONS: Section[] = [startup, packageSize];
