import { Failure } from "./Failure.mjs";
import { ALERTS, DOWNLOADS_PANELS } from "./panels.mjs";

const DOWNLOADS = "content-downloads";
const ROWS = 10;
const CHART_MINUTES = 60;
const FINAL = { counted: "final", zero: "final" };

/** What the API at `baseUrl` serves. */
export async function listStreams(baseUrl) {
  const response = await fetch(new URL("/api/streams", baseUrl), { headers: { connection: "close" } });
  if (!response.ok) throw new Failure(`/api/streams answered ${response.status}: ${await response.text()}`);
  const { data } = await response.json();
  return { downloads: data.some(({ stream }) => stream === DOWNLOADS), others: data.filter(isOther) };
}

const isOther = ({ stream, meta }) => stream !== DOWNLOADS && meta.data_version > 0;

/** What each panel of a page about these streams shows of which field. */
export function panelsOf({ downloads, others }) {
  const alerts = { ...ALERTS, url: () => "/api/dashboard", read: ({ alerts, meta }) => ({ ...alerts, meta }) };
  return [...(downloads ? [...DOWNLOADS_PANELS, ALERTS] : [alerts]), ...others.flatMap(panelsOfStream)];
}

function panelsOfStream({ stream, rollups, steps }) {
  const headline = headlineOf(rollups);
  const address = (rollup, question) => `/api/streams/${stream}/${rollup}?${new URLSearchParams(question)}`;
  const totals = {
    id: `totals-${stream}`,
    url: (minutes) => address(headline.rollup, { group_by: "", last: `${minutes}m` }),
    windowed: true,
    exact: true,
    read: (answer) => ({ ...answer, ...answer.data[0].measures }),
    fields: columnsOf(headline).map((column) => ({
      ...field(headline, column),
      id: `${stream}-${column}`,
      single: true,
      // Where nothing is known of the median nothing is said of the other quantiles.
      quiet: headline.measures.some(({ asked_as }) => asked_as.includes(column, 1)),
    })),
  };
  const tables = rollups.map((rollup) => ({
    id: `rollup-${rollup.rollup}`,
    url: (minutes) => address(rollup.rollup, { last: `${minutes}m`, limit: ROWS, order: `-${countOf(rollup)}` }),
    windowed: true,
    exact: true,
    row: `rollup-${rollup.rollup}`,
    key: "key",
    read: (answer) => ({ ...answer, data: answer.data.map((row) => flat(rollup, row)) }),
    fields: [...rollup.dimensions, ...rollup.labels, ...columnsOf(rollup)].map((column) => field(rollup, column)),
  }));
  // Streams with longer windows have longer steps over a longer time, which only the page chooses.
  return steps[0] === "1m" ? [totals, timeline(stream, headline, address), ...tables] : [totals, ...tables];
}

function timeline(stream, headline, address) {
  const [count, rate] = [countOf(headline), ratioOf(headline)];
  const measures = [count, rate].filter((name) => name !== undefined).join(",");
  return {
    id: `timeline-${stream}`,
    url: () => address(headline.rollup, { group_by: "", last: `${CHART_MINUTES}m`, step: "1m", measures }),
    row: `step-${stream}`,
    key: "start",
    time: true,
    newestFirst: true,
    counted: "count",
    read: (answer) => ({
      ...answer,
      data: answer.data.map(({ window, measures }) => ({
        start: window.start,
        state: FINAL[window.state] ?? window.state,
        count: measures[count],
        rate: measures[rate],
      })),
    }),
    fields: [
      { id: "count", api: "count", kind: "count" },
      ...(rate === undefined ? [] : [{ id: "rate", api: "rate" }]),
      { id: "state", api: "state" },
    ],
  };
}

const flat = ({ dimensions }, row) => ({
  ...row.dimensions,
  ...row.labels,
  ...row.measures,
  key: dimensions.map((name) => row.dimensions[name]).join("/"),
});

const columnsOf = ({ measures, derived }) => [...measures.flatMap(({ asked_as }) => asked_as), ...derived];
const countOf = ({ measures }) => (measures.find(({ kind }) => kind === "count") ?? measures[0]).asked_as[0];
const ratioOf = ({ derived }) => derived.find((name) => name.endsWith("_rate")) ?? derived[0];

/** A rollup with a ratio, then one with the most measures, then one with the fewest dimensions, then the first. */
export function headlineOf(rollups) {
  const worth = ({ measures, derived, dimensions }) =>
    (derived.length > 0 ? 1e6 : 0) + (measures.length + derived.length) * 1e3 - dimensions.length;
  return rollups.toSorted((one, other) => worth(other) - worth(one))[0];
}

function field({ measures }, column) {
  const counted = measures.some(({ name, kind }) => name === column && (kind === "count" || kind === "distinct"));
  return { id: column, api: column, ...(counted && { kind: "count" }) };
}
