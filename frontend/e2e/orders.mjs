const MINUTE_MS = 60_000;
const STEPS = { "1m": 1, "5m": 5, "15m": 15, "1h": 60, "1d": 1_440 };
const COUNTRIES = ["at", "ch", "de", "fr", "it", "nl", "pl", "pt", "se", "uk", "xx"];
const SHOPS = ["a shop with a name that is longer than any column has room for, and then some more", "north", "south"];

const iso = (millis) => new Date(millis).toISOString().replace(".000Z", "Z");

/** A stream that the page knows nothing of, by the contract of `/api/streams`, at data version `version`. */
export function orders(version, now) {
  const count = (name) => ({ name, kind: "count", asked_as: [name] });
  const quantiles = (name) => ({ name, kind: "quantiles", asked_as: ["p50", "p90", "p95", "p99"].map((q) => `${name}_${q}`) });
  return {
    stream: "orders",
    topic: "orders",
    window_seconds: 60,
    grace_seconds: 30,
    steps: Object.keys(STEPS),
    meta: meta(version, now),
    rollups: [
      {
        rollup: "shop_stats",
        dimensions: ["shop"],
        labels: ["town"],
        measures: [{ name: "amount", kind: "sum", asked_as: ["amount"] }, count("orders")],
        derived: [],
      },
      {
        rollup: "country_stats",
        dimensions: ["country"],
        labels: [],
        measures: [count("orders"), count("paid"), { name: "buyers", kind: "distinct", asked_as: ["buyers"] }, quantiles("size_bytes")],
        derived: ["paid_rate"],
      },
    ],
  };
}

/** Rows of one of its rollups, for what the page asks; null where there is no such rollup. */
export function ordersRows(name, asked, version, now) {
  const rollup = orders(version, now).rollups.find(({ rollup }) => rollup === name);
  if (rollup === undefined) return null;
  const step = asked.has("step") ? STEPS[asked.get("step")] * MINUTE_MS : null;
  const { from, to } = range(asked, step ?? MINUTE_MS, now);
  const measures = asked.get("measures")?.split(",") ?? columns(rollup);
  const rows = step === null ? grouped(rollup, asked, from, to, version) : series(from, to, step, version, now);
  const data = rows.map((row) => shown(row, measures, asked.has("compare")));
  return {
    stream: "orders",
    rollup: name,
    columns: { dimensions: [], labels: [], measures },
    data,
    count: data.length,
    next: null,
    meta: { ...meta(version, now), from: iso(from), to: iso(to), step_ms: step, first_page_data_version: version },
  };
}

const meta = (version, now) => ({
  data_version: version,
  as_of: iso(now),
  complete_through: iso(Math.floor((now - 90_000) / MINUTE_MS) * MINUTE_MS),
  lag_seconds: 0.8,
});

const columns = ({ measures, derived }) => [...measures.flatMap(({ asked_as }) => asked_as), ...derived];

function range(asked, unit, now) {
  if (asked.has("from")) return { from: Date.parse(asked.get("from")), to: Date.parse(asked.get("to")) };
  const to = (Math.floor(now / unit) + 1) * unit;
  return { from: to - Number(asked.get("last").replace("m", "")) * MINUTE_MS, to };
}

/** One row in all, or one for each key, those with the most orders first. */
function grouped({ dimensions: [key], labels }, asked, from, to, version) {
  // Only the page's comparisons say from when: of windows that are final, which later versions do not change.
  const total = ((to - from) / MINUTE_MS) * 100 + (asked.has("from") ? 0 : version);
  const window = { start: iso(from), end: iso(to), state: asked.has("compare") ? "counted" : "open" };
  if (asked.get("group_by") === "") return [{ dimensions: {}, labels: {}, window, numbers: numbers(total) }];
  const keys = key === "shop" ? SHOPS : COUNTRIES;
  const town = (index) => Object.fromEntries(labels.map((label) => [label, index === 1 ? null : `town ${index}`]));
  const rows = keys.map((value, index) => ({
    dimensions: { [key]: value },
    labels: town(index),
    window,
    numbers: numbers(Math.floor(total / (index + 2)), index),
  }));
  return rows.slice(0, Number(asked.get("limit") ?? 10));
}

/** Steps with a missing time, a zero, skipped records, and an open one in which nothing came yet. */
function series(from, to, step, version, now) {
  const count = (to - from) / step;
  return Array.from({ length: count }, (_, index) => {
    const start = from + index * step;
    const wave = 60 + Math.round(30 * Math.sin(start / (7 * MINUTE_MS)));
    const row = (orders, state) => ({
      dimensions: {},
      labels: {},
      window: { start: iso(start), end: iso(start + step), state },
      numbers: orders === null ? null : numbers(orders),
    });
    if (start + step > now) return row(version % 2 === 0 ? null : version % 50, "open");
    if (index >= 10 && index <= 14) return row(null, "missing");
    if (index === 20) return row(0, "zero");
    if (index === 30) return row(wave, "gap");
    return row(wave, index === count - 2 ? "open" : "counted");
  });
}

function numbers(orders, failed = 3) {
  const paid = Math.max(0, orders - failed);
  const sizes = orders === 0 ? [null, null, null, null] : [847, 15_871, 90_623, 1_695_743];
  return {
    orders,
    paid,
    amount: orders * 12.5,
    buyers: Math.ceil(orders / 3),
    paid_rate: orders === 0 ? null : paid / orders,
    ...Object.fromEntries(["p50", "p90", "p95", "p99"].map((quantile, index) => [`size_bytes_${quantile}`, sizes[index]])),
  };
}

function shown({ numbers: all, ...row }, measures, compare) {
  const pick = (from) => Object.fromEntries(measures.map((name) => [name, from?.[name] ?? null]));
  const before = all === null ? null : numbers(Math.round(all.orders * 0.8), 40);
  return { ...row, measures: pick(all), ...(compare && { previous: { window: row.window, measures: pick(before) } }) };
}
