import { Failure } from "./Failure.mjs";
import { DESKTOP, PHONE, withPage } from "./browser.mjs";
import { matchPanels } from "./match.mjs";
import { PANELS } from "./panels.mjs";
import { readPage } from "./reading.mjs";

const READY_MS = 30_000;
const DRAWN_MS = 10_000;
const OTHER_WINDOW = 30;

/** Every check of a dashboard that should be well. Throws a Failure that says what is wrong. */
export async function checkDashboard(baseUrl, { mode = "push", log = () => {}, screenshot = null, ignore = () => false } = {}) {
  await withPage(baseUrl, async (page, { complaints, foreign }) => {
    await page.goto(baseUrl);
    await ready(page, mode);
    log(`panels are there, mode ${mode}`);
    log(`equal to the API: ${versions(await matchPanels(page, baseUrl, PANELS))}`);
    await chartIsDrawn(page);
    await completeThroughIsKnown(page);

    const windowed = PANELS.filter((panel) => panel.windowed);
    await page.getByRole("radio", { name: `${OTHER_WINDOW} min` }).check();
    log(`equal over ${OTHER_WINDOW} minutes: ${versions(await matchPanels(page, baseUrl, windowed))}`);
    await page.reload();
    await ready(page, mode);
    const { minutes } = await readPage(page);
    if (minutes !== OTHER_WINDOW) throw new Failure(`the window is ${minutes} minutes after a reload, not ${OTHER_WINDOW}`);
    await page.getByRole("radio", { name: "5 min", exact: true }).check();
    await matchPanels(page, baseUrl, windowed);

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
async function ready(page, mode) {
  const deadline = Date.now() + READY_MS;
  for (;;) {
    const seen = await readPage(page);
    const waiting = PANELS.map(({ id }) => id).filter((id) => !["data", "empty"].includes(seen.panels[id]?.state));
    if (waiting.length === 0 && seen.mode === mode) return;
    if (Date.now() > deadline) {
      const states = PANELS.map(({ id }) => `${id} ${seen.panels[id]?.state ?? "absent"}`).join(", ");
      throw new Failure(`not ready after ${READY_MS / 1_000} s: mode ${seen.mode}, ${states}`);
    }
    await page.waitForTimeout(50);
  }
}

/** One bar for each minute with downloads: what the table says is also what is drawn. */
async function chartIsDrawn(page) {
  const { panels } = await readPage(page);
  if (panels.timeline.state === "empty") return;
  try {
    await page.waitForFunction(
      () => {
        const counts = [...document.querySelectorAll("[data-testid='minute-downloads']")].map((cell) => Number(cell.dataset.value));
        const bars = [...document.querySelectorAll(".recharts-bar-rectangle path")].filter((bar) => bar.getBBox().height > 0);
        return bars.length === counts.filter((count) => count > 0).length;
      },
      null,
      { timeout: DRAWN_MS },
    );
  } catch {
    throw new Failure("the chart does not have one bar for each minute with downloads");
  }
}

async function completeThroughIsKnown(page) {
  const { completeThrough, panels } = await readPage(page);
  const counted = Number(panels.summary.singles["total-downloads"]?.value) > 0;
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
