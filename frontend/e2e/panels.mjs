/** How a number is written on the page. */
const count = (text) => Number(text.replaceAll(",", ""));
const decimal = (text) => Number(text.replaceAll(",", ""));
const percent = (text) => Number(text.replace("%", "")) / 100;

const HALF_A_DIGIT = { count: 0, decimal: 0.05, percent: 0.0005 };
const READERS = { count, decimal, percent };

/** Does `text` say `value`, but for rounding? */
export function says(kind, text, value) {
  if (kind === undefined) return true;
  if (value === null) return text === "no data";
  return Math.abs(READERS[kind](text) - value) <= HALF_A_DIGIT[kind] + 1e-9;
}

const field = (id, api, kind) => ({ id, api, kind });

const card = (id, api, kind) => ({ ...field(id, api, kind), single: true });

/**
 * What each panel of the downloads shows of which field. `exact`: of one data version there is one answer a minute; elsewhere the same
 * version can be read differently, so a difference has to last.
 */
export const DOWNLOADS_PANELS = [
  {
    id: "summary",
    url: (minutes) => `/api/stats/realtime?minutes=${minutes}`,
    windowed: true,
    exact: true,
    fields: [
      card("total-downloads", "total_downloads", "count"),
      card("unique-content", "unique_content", "count"),
      card("success-rate", "avg_success_rate", "percent"),
      card("download-time", "avg_download_time", "decimal"),
    ],
  },
  {
    id: "trending",
    url: (minutes) => `/api/stats/trending?minutes=${minutes}&limit=5`,
    windowed: true,
    exact: true,
    row: "trending",
    key: "content_id",
    fields: [
      field("title", "title"),
      field("downloads", "total_downloads", "count"),
      field("failed", "failed_downloads", "count"),
      field("success", "success_rate", "percent"),
    ],
  },
  {
    id: "regions",
    url: (minutes) => `/api/stats/regions?minutes=${minutes}`,
    windowed: true,
    exact: true,
    row: "region",
    key: "region",
    fields: [
      field("name", "region"),
      field("downloads", "downloads", "count"),
      field("success", "success_rate", "percent"),
      field("speed", "avg_speed", "decimal"),
      field("health", "health_status"),
    ],
  },
  {
    id: "devices",
    url: (minutes) => `/api/stats/devices?minutes=${minutes}&limit=10`,
    windowed: true,
    exact: true,
    row: "device",
    key: "device",
    fields: [
      field("name", "device"),
      field("downloads", "total_downloads", "count"),
      field("success", "success_rate", "percent"),
      field("speed", "avg_speed", "decimal"),
    ],
  },
  {
    id: "timeline",
    url: () => "/api/stats/timeseries?minutes=60",
    row: "minute",
    key: "window_start",
    time: true,
    newestFirst: true,
    counted: "total_downloads",
    fields: [
      field("downloads", "total_downloads", "count"),
      field("rate", "success_rate", "percent"),
      field("state", "state"),
    ],
  },
];

/** Of all streams. */
export const ALERTS = {
  id: "alerts",
  url: () => "/api/stats/alerts?limit=10",
  row: "alert",
  key: "id",
  fields: [
    { ...field("alerts-open", "unacknowledged_count", "count"), single: true },
    field("severity", "severity"),
    field("region", "region"),
    field("message", "message"),
    field("value", "metric_value"),
    field("threshold", "threshold_value"),
    field("since", "created_at"),
  ],
};
