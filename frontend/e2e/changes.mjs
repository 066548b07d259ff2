import { setTimeout as sleep } from "node:timers/promises";

import { Failure } from "./Failure.mjs";
import { headlineOf, listStreams } from "./streams.mjs";
import { readPage } from "./reading.mjs";

const PATIENCE_MS = 30_000;
const PAUSE_MS = 200;
const MINUTE_MS = 60_000;

/** The changes on the cards of other streams are those of final windows. Waits, as what is final moves on. */
export async function matchChanges(page, baseUrl, patienceMs = PATIENCE_MS) {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const found = [];
    for (const stream of (await listStreams(baseUrl)).others) found.push(...(await differences(page, baseUrl, stream)));
    if (found.length === 0) return;
    if (Date.now() > deadline) throw new Failure(`changes differ after ${patienceMs / 1_000} s: ${found.join("; ")}`);
    await sleep(PAUSE_MS);
  }
}

async function differences(page, baseUrl, { stream, rollups, meta, window_seconds }) {
  if (meta.complete_through == null) return [];
  const { minutes, panels } = await readPage(page);
  const headline = headlineOf(rollups);
  const window = window_seconds * 1_000;
  const to = Math.floor(Date.parse(meta.complete_through) / window) * window;
  const from = to - Math.ceil((minutes * MINUTE_MS) / window) * window;
  const range = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  const question = new URLSearchParams({ group_by: "", ...range, compare: "previous" });
  const response = await fetch(new URL(`/api/streams/${stream}/${headline.rollup}?${question}`, baseUrl), { headers: { connection: "close" } });
  const [row] = (await response.json()).data;
  const { singles } = panels[`totals-${stream}`];
  const columns = [...headline.measures.map(({ asked_as }) => asked_as[0]), ...headline.derived];
  return columns.flatMap((column) => {
    const [now, before] = [row.measures[column], row.previous.measures[column]];
    const [shown, shownBefore] = [singles[`${stream}-${column}-now`], singles[`${stream}-${column}-before`]];
    // Nothing is more than nothing by any share.
    if (now === null || before === null || (before === 0 && shown === undefined)) return [];
    if (shown?.value === String(now) && shownBefore?.value === String(before)) return [];
    return [`${stream}-${column} changed from ${shownBefore?.value} to ${shown?.value}, the API says from ${before} to ${now}`];
  });
}
