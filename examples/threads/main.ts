// npx tsx examples/threads/main.ts [THREADS], after npm run build: a convolutional network trains in Node.js on one thread, then on
// several: as many as there are cores, or THREADS. The losses are the same, number by number.
import { countArgument } from "../counts.js";
import { train } from "./train.js";

const threads = countArgument("THREADS", undefined);
await train({ threads: 1, epochs: 1 }); // the machine code is made
const one = await train({ threads: 1 });
const several = await train({ threads });
for (const { threads, milliseconds, losses } of [one, several]) {
  console.log(
    `${threads} thread${threads > 1 ? "s" : ""}: ${milliseconds.toFixed(0)} ms, losses ${losses.map((loss) => loss.toFixed(4)).join(" ")}`,
  );
}
