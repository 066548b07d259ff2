// Runs the checks of dashboard.mjs against the built page and a mock of the API, and checks that they can fail.
// CHROMIUM (default /usr/bin/chromium), SCREENSHOT (a .png to write).
import process from "node:process";

import { Failure } from "./Failure.mjs";
import { MockApi } from "./MockApi.mjs";
import { withPage } from "./browser.mjs";
import { checkDashboard } from "./checks.mjs";
import { readPage } from "./reading.mjs";

/** A fault that could go by is waited for; on a good page the mock and the page agree much sooner. */
const FAULT_MS = 8_000;

async function withMock(options, use) {
  const mock = new MockApi(options);
  try {
    return await use(await mock.start());
  } finally {
    await mock.stop();
  }
}

/** A page with this fault has to be refused, for this reason. */
async function refused(what, options, reason) {
  await withMock(options, async (baseUrl) => {
    try {
      await checkDashboard(baseUrl, { patienceMs: FAULT_MS });
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      if (!reason.test(failure.message)) throw new Failure(`${what}: refused for another reason: ${failure.message}`);
      console.log(`ok: caught ${what}: ${failure.message}`);
      return;
    }
    throw new Failure(`${what} was not caught`);
  });
}

/** The page shows something else than it was answered about the other stream. `change` is the body of a function of it. */
const answered = (change) => ({
  script: `const ask = window.fetch;
    window.fetch = async (address, options) => {
      const response = await ask(address, options);
      if (!address.startsWith("/api/streams/orders/")) return response;
      const answer = await response.json();
      ((answer, asked) => { ${change} })(answer, new URL(address, location.href).searchParams);
      return Response.json(answer);
    };`,
});

/** Pushes win over answers of the same version, so that the page shows the change and the API does not. */
const pushed = (change) => ({
  push: (snapshot) => {
    const changed = structuredClone(snapshot);
    changed.meta.as_of = new Date(Date.parse(changed.meta.as_of) + 1).toISOString();
    change(changed);
    return changed;
  },
});

async function polls() {
  await withMock({ streams: false }, async (baseUrl) => {
    const ignore = (complaint) => complaint.includes("503");
    await checkDashboard(baseUrl, { mode: "polling", ignore });
    await withPage(baseUrl, async (page) => {
      await page.goto(baseUrl);
      await page.getByTestId("notice").waitFor();
      const { notice } = await readPage(page);
      if (!notice.includes("Asking every 5 seconds")) throw new Failure(`polling is not told: ${notice}`);
    });
  });
  console.log("ok: without pushes the page polls, is right, and says so");
}

async function onePanelFails() {
  await withMock({ streams: false, refused: "regions" }, async (baseUrl) => {
    await withPage(baseUrl, async (page) => {
      await page.goto(baseUrl);
      await page.getByRole("alert").waitFor();
      await page.waitForFunction(() => document.querySelectorAll("[data-state='data']").length === 9);
      const { panels } = await readPage(page);
      if (panels.regions.state !== "error") throw new Failure(`regions is ${panels.regions.state}, not error`);
      const text = await page.getByRole("alert").textContent();
      if (!text.includes("503 regions cannot be read")) throw new Failure(`the reason is not told: ${text}`);
    });
  });
  console.log("ok: one failing endpoint leaves the other panels");
}

async function othersComeFirst() {
  await withMock({ downloads: "unread" }, async (baseUrl) => {
    await withPage(baseUrl, async (page) => {
      await page.goto(baseUrl);
      await page.waitForFunction(() => document.querySelectorAll("[data-state='data']").length === 10);
      const [first] = Object.keys((await readPage(page)).panels);
      if (first !== "totals-orders") throw new Failure(`the page begins with ${first}, not with the stream that was read`);
    });
  });
  console.log("ok: a stream that was read comes before downloads that were not");
}

async function withoutDownloads() {
  await withMock({ downloads: "absent" }, async (baseUrl) => {
    await checkDashboard(baseUrl);
    await withPage(baseUrl, async (page) => {
      await page.goto(baseUrl);
      await page.waitForFunction(() => document.querySelectorAll("[data-state='data']").length === 5);
      const { panels, freshness } = await readPage(page);
      const expected = "totals-orders,timeline-orders,alerts,rollup-shop_stats,rollup-country_stats";
      if (Object.keys(panels).join() !== expected) throw new Failure(`the panels are ${Object.keys(panels)}, not ${expected}`);
      if (freshness !== "live") throw new Failure(`the page is ${freshness}, not live`);
      if ((await page.getByRole("alert").count()) > 0) throw new Failure("an error is shown");
    });
  });
  console.log("ok: without downloads the page is about the other stream, and asks for nothing that is not there");
}

const started = Date.now();
try {
  await withMock({}, (baseUrl) =>
    checkDashboard(baseUrl, { log: (text) => console.log(`ok: ${text}`), screenshot: process.env.SCREENSHOT || null }),
  );
  await polls();
  await onePanelFails();
  await othersComeFirst();
  await withoutDownloads();
  await refused("a wrong total", pushed((s) => { s.stats.total_downloads += 1; }), /total-downloads is \d+, the API says \d+/);
  await refused("a zero for nothing known", pushed((s) => { s.regions.data[7].avg_speed = 0; }), /af-south: speed is 0, the API says null/);
  await refused("a missing row", pushed((s) => { s.devices.data.pop(); }), /devices: the rows are/);
  await refused("rows in another order", pushed((s) => { s.trending.data.reverse(); }), /trending: the rows are/);
  await refused("a wrong total of another stream", answered("if (!asked.has('step')) answer.data[0].measures.orders += 1"), /orders is \d+, the API says \d+/);
  await refused("a zero for a time nothing is known of", answered("if (asked.has('step')) answer.data[12].measures.orders = 0"), /timeline-orders .*count is 0, the API says null/);
  await refused("another time before", answered("if (asked.has('compare')) answer.data[0].previous.measures.paid -= 1"), /orders-paid changed from \d+ to \d+, the API says/);
  await refused("a quantile left out", answered("delete answer.data[0].measures.size_bytes_p99"), /size_bytes_p99 is null, the API says/);
  await refused("a console error", { script: "console.error('noise')" }, /console has errors: noise/);
  await refused(
    "a request to another origin",
    { script: "const i = new Image(); i.src = 'http://127.0.0.1:9/x.png'" },
    /another origin|other origins|Content Security Policy/,
  );
  await refused(
    "a page that is too wide for a phone",
    { script: "addEventListener('load', () => { document.body.style.minWidth = '500px' })" },
    /at 375 pixels/,
  );
  console.log(`the checks pass on a good page and fail on bad ones (${((Date.now() - started) / 1_000).toFixed(1)} s)`);
} catch (failure) {
  console.error(`FAILED: ${failure instanceof Failure ? failure.message : failure.stack}`);
  process.exitCode = 1;
}
