// npm run build && npx tsx examples/serviceWorker/serve.ts: serves a page whose service worker predicts, with the kernels of tfjs-uan.
// When it has been loaded once, the page works without this server, too. A service worker needs https: or localhost.
import { context } from "esbuild";
import { FOLDER, OPTIONS } from "./build.js";

const { port } = await (await context({ ...OPTIONS, write: false })).serve({ servedir: FOLDER, host: "127.0.0.1" });
console.log(`http://localhost:${port}/`);
