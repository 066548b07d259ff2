// Opens the dashboard of a running StreamPulse in a real browser and compares it with the API.
// BASE_URL (default http://localhost:8000), CHROMIUM (default /usr/bin/chromium), SCREENSHOT (a .png to write).
import process from "node:process";

import { Failure } from "./Failure.mjs";
import { checkDashboard } from "./checks.mjs";

const baseUrl = process.env.BASE_URL ?? "http://localhost:8000";
const started = Date.now();

try {
  await checkDashboard(baseUrl, {
    log: (text) => console.log(`ok: ${text}`),
    screenshot: process.env.SCREENSHOT || null,
  });
  console.log(`dashboard at ${baseUrl} equals the API (${((Date.now() - started) / 1_000).toFixed(1)} s)`);
} catch (failure) {
  console.error(`FAILED: ${failure instanceof Failure ? failure.message : failure.stack}`);
  process.exitCode = 1;
}
