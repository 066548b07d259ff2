import type { RollupRows, Stream } from "../api/model";
import { answer } from "./answers";

type Row = RollupRows["data"][number];
type Numbers = Row["measures"];

const AS_OF = "2026-01-01T12:00:10Z";

/** A stream that no code knows, with every kind of measure and a rollup that has a share. */
export function orders(version: number, name = "orders"): Stream {
  return {
    stream: name,
    topic: name,
    window_seconds: 60,
    grace_seconds: 30,
    steps: ["1m", "5m", "15m", "1h", "1d"],
    ...answer(version, AS_OF),
    rollups: [
      {
        rollup: `${name}_by_shop`,
        dimensions: ["shop", "limit"],
        labels: ["town"],
        measures: [
          { name: "amount_bytes", kind: "sum", asked_as: ["amount_bytes"] },
          { name: "orders", kind: "count", asked_as: ["orders"] },
          { name: "buyers", kind: "distinct", asked_as: ["buyers"] },
        ],
        derived: [],
      },
      {
        rollup: `${name}_by_country`,
        dimensions: ["country"],
        labels: [],
        measures: [
          { name: "orders", kind: "count", asked_as: ["orders"] },
          { name: "wait_ms", kind: "quantiles", asked_as: ["wait_ms_p50", "wait_ms_p99"] },
        ],
        derived: ["mean_amount", "paid_rate"],
      },
    ],
  };
}

/** The stream behind `/api/stats`; its rollups are of no matter to the page. */
export function downloads(version: number): Stream {
  return { ...orders(version, "content-downloads"), rollups: [] };
}

export function row(dimensions: Record<string, string>, measures: Numbers, state: Row["window"]["state"] = "open"): Row {
  const window = { start: "2026-01-01T11:56:00Z", end: "2026-01-01T12:01:00Z", state };
  return { dimensions, labels: {}, window, measures };
}

/** With `compare`: the same numbers in the range before. */
export function before(later: Row, measures: Numbers): Row {
  return { ...later, previous: { window: { ...later.window, state: "counted" }, measures } };
}

/** Steps of a minute each, that end with the minute of now. */
export function series(...steps: [Numbers, Row["window"]["state"]][]): Row[] {
  return steps.map(([measures, state], index) => {
    const start = Date.parse("2026-01-01T12:00:00Z") - 60_000 * (steps.length - 1 - index);
    const iso = (millis: number) => new Date(millis).toISOString();
    return { ...row({}, measures, state), window: { start: iso(start), end: iso(start + 60_000), state } };
  });
}

export function rows(data: Row[], version: number): RollupRows {
  return {
    stream: "orders",
    rollup: "orders_by_country",
    columns: { dimensions: [], labels: [], measures: [] },
    data,
    count: data.length,
    next: null,
    meta: {
      ...answer(version, AS_OF).meta,
      from: "2026-01-01T11:56:00Z",
      to: "2026-01-01T12:01:00Z",
      step_ms: null,
      first_page_data_version: version,
    },
  };
}
