// Prints what the page of a running StreamPulse shows, as JSON, once it has come to a data version.
// BASE_URL (default http://localhost:8000), MINUTES (default 60), VERSION (default: any).
import process from "node:process";

import { withPage } from "./browser.mjs";
import { readPage } from "./reading.mjs";
import { listStreams, panelsOf } from "./streams.mjs";

const PATIENCE_MS = 30_000;

const baseUrl = process.env.BASE_URL ?? "http://localhost:8000";
const minutes = process.env.MINUTES ?? "60";
const version = Number(process.env.VERSION ?? "0");

const panels = panelsOf(await listStreams(baseUrl));

await withPage(baseUrl, async (page) => {
  await page.goto(new URL(`/?minutes=${minutes}`, baseUrl).href);
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const seen = await readPage(page);
    const behind = panels.filter(({ id }) => {
      const { state, busy, version: at } = seen.panels[id] ?? {};
      return !["data", "empty"].includes(state) || busy || at < version;
    });
    if (behind.length === 0) {
      console.log(JSON.stringify(seen));
      return;
    }
    if (Date.now() > deadline) {
      console.error(`not shown after ${PATIENCE_MS / 1_000} s: ${behind.map(({ id }) => `${id} ${JSON.stringify(seen.panels[id])}`).join(", ")}`);
      process.exitCode = 1;
      return;
    }
    await page.waitForTimeout(50);
  }
});
