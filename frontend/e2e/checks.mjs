import { Failure } from "./Failure.mjs";
import { DESKTOP, PHONE, withPage } from "./browser.mjs";
import { matchChanges } from "./changes.mjs";
import { matchPanels } from "./match.mjs";
import { readPage } from "./reading.mjs";
import { listStreams, panelsOf } from "./streams.mjs";

const READY_MS = 30_000;
const DRAWN_MS = 10_000;
const OTHER_WINDOW = 30;

/** Every check of a dashboard that should be well; `patienceMs` is for differences to end. Throws a Failure that says what is wrong. */
export async function checkDashboard(baseUrl, { mode = "push", log = () => {}, screenshot = null, ignore = () => false, patienceMs } = {}) {
  const all = panelsOf(await listStreams(baseUrl));
  await withPage(baseUrl, async (page, { complaints, foreign }) => {
    await page.goto(baseUrl);
    await ready(page, all, mode);
    log(`panels are there, mode ${mode}`);
    log(`equal to the API: ${versions(await matchPanels(page, baseUrl, all, patienceMs))}`);
    await chartsAreDrawn(page, all);
    await completeThroughIsKnown(page);

    const windowed = all.filter((panel) => panel.windowed);
    await page.getByRole("radio", { name: `${OTHER_WINDOW} min` }).check();
    log(`equal over ${OTHER_WINDOW} minutes: ${versions(await matchPanels(page, baseUrl, windowed, patienceMs))}`);
    await matchChanges(page, baseUrl, patienceMs);
    await page.reload();
    await ready(page, all, mode);
    const { minutes } = await readPage(page);
    if (minutes !== OTHER_WINDOW) throw new Failure(`the window is ${minutes} minutes after a reload, not ${OTHER_WINDOW}`);
    await page.getByRole("radio", { name: "5 min", exact: true }).check();
    await matchPanels(page, baseUrl, windowed, patienceMs);

    await page.keyboard.press("Shift+Tab");
    await fits(page, DESKTOP);
    if (screenshot !== null) await page.screenshot({ path: screenshot, fullPage: true });
    await page.setViewportSize(PHONE);
    await fits(page, PHONE);
    if (screenshot !== null) await page.screenshot({ path: screenshot.replace(/(\.png)?$/, "-375.png"), fullPage: true });
    log("fits 1440 and 375 pixels");

    const unexpected = complaints.filter((complaint) => !ignore(complaint));
    if (unexpected.length > 0) throw new Failure(`the browser's console has errors: ${unexpected.join("; ")}`);
    if (foreign.length > 0) throw new Failure(`the page asked other origins: ${foreign.join(", ")}`);
    log("no console error, no request to another origin");
  });
}

const versions = (found) => Object.entries(found).map(([panel, version]) => `${panel} @${version}`).join(", ");

/** Every panel shows data or says that there is none, and data comes the way it should. */
async function ready(page, panels, mode) {
  const deadline = Date.now() + READY_MS;
  for (;;) {
    const seen = await readPage(page);
    const waiting = panels.map(({ id }) => id).filter((id) => !["data", "empty"].includes(seen.panels[id]?.state));
    if (waiting.length === 0 && seen.mode === mode) return;
    if (Date.now() > deadline) {
      const states = panels.map(({ id }) => `${id} ${seen.panels[id]?.state ?? "absent"}`).join(", ");
      throw new Failure(`not ready after ${READY_MS / 1_000} s: mode ${seen.mode}, ${states}`);
    }
    await page.waitForTimeout(50);
  }
}

/** One bar for each step with a count: what the table says is also what is drawn. */
async function chartsAreDrawn(page, panels) {
  const seen = await readPage(page);
  for (const { id, row, fields } of panels.filter(({ counted }) => counted !== undefined)) {
    if (seen.panels[id].state === "empty") continue;
    const places = { panel: `[data-testid='panel-${id}']`, cell: `[data-testid='${row}-${fields[0].id}']` };
    try {
      await page.waitForFunction(barsAreCounts, places, { timeout: DRAWN_MS });
    } catch {
      throw new Failure(`the chart of ${id} does not have one bar for each step with a count`);
    }
  }
}

/** Runs in the page. */
function barsAreCounts({ panel, cell }) {
  const root = document.querySelector(panel);
  const counts = [...root.querySelectorAll(cell)].map(({ dataset }) => Number(dataset.value));
  const bars = [...root.querySelectorAll(".recharts-bar-rectangle path")].filter((bar) => bar.getBBox().height > 0);
  return bars.length === counts.filter((count) => count > 0).length;
}

async function completeThroughIsKnown(page) {
  const { completeThrough, panels } = await readPage(page);
  const counted = Number(panels.summary?.singles["total-downloads"]?.value) > 0;
  if (counted && Number.isNaN(Date.parse(completeThrough))) {
    throw new Failure(`downloads are shown, but the complete-through time is ${completeThrough}`);
  }
}

async function fits(page, { width }) {
  const { scroll, client } = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return { scroll: scrollWidth, client: clientWidth };
  });
  if (scroll > client) throw new Failure(`at ${width} pixels the page is ${scroll} wide and scrolls sideways`);
}
