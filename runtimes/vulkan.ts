import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { findChromium } from "./chromium.js";

// The Vulkan that Dawn runs on in Node.js. Where the environment variable VK_DRIVER_FILES names a driver, it is that one; else the one
// that Chromium brings, in software, so that results are the same everywhere.

const LOADERS = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map((system) => `/usr/lib/${system}/libvulkan.so.1`);
const DRIVER = "vk_swiftshader_icd.json";

function softwareDriver(): string | undefined {
  const chromium = findChromium();
  return ["/usr/lib/chromium", ...(chromium ? [dirname(chromium)] : [])].map((folder) => join(folder, DRIVER)).find(existsSync);
}

/** What a process needs in its environment. */
export function vulkanEnvironment(): NodeJS.ProcessEnv {
  const driver = process.env.VK_DRIVER_FILES ?? softwareDriver();
  return driver === undefined ? {} : { VK_DRIVER_FILES: driver };
}

/** Why there is no Vulkan; undefined if there is. Elsewhere than on Linux, Dawn has the system's own API. */
export function missingVulkan(): string | undefined {
  if (process.platform !== "linux") return undefined;
  if (!LOADERS.some((path) => existsSync(path))) return "libvulkan1 is not installed";
  if (vulkanEnvironment().VK_DRIVER_FILES) return undefined;
  return "Chromium's Vulkan was not found: set the environment variable VK_DRIVER_FILES to a driver's file";
}
