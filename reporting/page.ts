import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { escapeHtml } from "./html.js";

export interface Page {
  title: string;
  style: string;
  /** The HTML below the title. */
  body: string;
  /** JavaScript that runs after the body. It has Chart.js's `Chart`. */
  script: string;
}

/** A value as a literal for the script of a page. */
export function scriptLiteral(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

/** The HTML of a page with charts that needs no other file: Chart.js is in it. */
export async function selfContainedPage({ title, style, body, script }: Page): Promise<string> {
  const folder = join(createRequire(import.meta.url).resolve("chart.js"), "..");
  const library = await readFile(join(folder, "chart.umd.min.js"), "utf8");
  const heading = escapeHtml(title);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${heading}</title>
<style>${style}
</style>
<h1>${heading}</h1>
${body}
<script>${library}</script>
<script>
${script}
</script>
</html>
`;
}
