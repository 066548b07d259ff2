const MINUTE_MS = 60_000;

const round = (value, digits) => Number(value.toFixed(digits));
const iso = (millis) => new Date(millis).toISOString().replace(".000Z", "Z");

/** All panels over `minutes` at data version `version`, by the API's contract. Numbers grow with the version. */
export function dashboard(version, now, minutes = 5) {
  const total = 1_000 * minutes + version;
  return {
    stats: {
      total_downloads: total,
      unique_content: 212,
      avg_success_rate: 0.967,
      avg_download_time: 42.381,
    },
    trending: listed(trending(total), minutes),
    regions: listed(regions(total), minutes),
    devices: listed(devices(total), minutes),
    timeseries: timeseries(version, now),
    alerts: alerts(now),
    meta: {
      data_version: version,
      as_of: iso(now),
      complete_through: iso(Math.floor((now - 90_000) / MINUTE_MS) * MINUTE_MS),
      lag_seconds: 0.8,
    },
  };
}

const listed = (data, minutes) => ({ data, count: data.length, window_minutes: minutes });

function trending(total) {
  const titles = ["The Long Night", "Harbour Lights", null, "A Very Long Title That Does Not Fit Into Its Column", "Tides"];
  return titles.map((title, rank) => {
    const downloads = Math.floor(total / (rank + 3));
    const failed = rank === 2 ? downloads : rank * 3;
    return {
      content_id: `content-${rank + 1}`,
      title,
      total_downloads: downloads,
      successful_downloads: downloads - failed,
      failed_downloads: failed,
      success_rate: round((downloads - failed) / downloads, 3),
    };
  });
}

function regions(total) {
  const rows = [
    ["us-east", 0.24, 0.988, 92.3, "healthy"],
    ["eu-west", 0.2, 0.989, 84, "healthy"],
    ["us-west", 0.16, 1, 98.1, "healthy"],
    ["eu-central", 0.14, 0.95, 88.4, "healthy"],
    ["ap-south", 0.1, 0.931, 41.2, "degraded"],
    ["ap-northeast", 0.08, 0.99, 110.7, "healthy"],
    ["sa-east", 0.05, 0.814, 36, "critical"],
    ["af-south", 0.03, 0, null, "critical"],
  ];
  return rows.map(([region, share, success_rate, avg_speed, health_status]) => ({
    region,
    downloads: Math.floor(total * share),
    success_rate,
    avg_speed,
    health_status,
  }));
}

function devices(total) {
  const rows = [["android", 0.34], ["ios", 0.28], ["smart_tv", 0.16], ["windows", 0.12], ["macos", 0.06], ["console", 0.04]];
  return rows.map(([device, share], rank) => ({
    device,
    total_downloads: Math.floor(total * share),
    success_rate: round(0.99 - rank / 100, 3),
    avg_speed: round(90 - rank * 7.3, 1),
  }));
}

/** An hour with a gap, a zero, and an open minute. */
function timeseries(version, now) {
  const last = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  const data = Array.from({ length: 60 }, (_, index) => {
    const start = last - (59 - index) * MINUTE_MS;
    const wave = 1_000 + Math.round(220 * Math.sin(start / (9 * MINUTE_MS)) + 60 * Math.sin(start / 77_777));
    const point = { window_start: iso(start), total_downloads: wave, success_rate: round(0.985 - (index % 7) / 400, 3), state: "final" };
    if (index >= 21 && index <= 24) return { ...point, total_downloads: null, success_rate: null, state: "missing" };
    if (index === 40) return { ...point, total_downloads: 0, success_rate: null };
    if (index === 58) return { ...point, state: "open" };
    if (index === 59) return { ...point, total_downloads: 300 + (version % 100), success_rate: 0.962, state: "open" };
    if (index === 33) return { ...point, success_rate: 0.864 };
    return point;
  });
  return { data, count: data.length, start_time: data[0].window_start, end_time: iso(last + MINUTE_MS) };
}

function alerts(now) {
  const begun = Math.floor(now / (60 * MINUTE_MS)) * 60 * MINUTE_MS;
  const alert = (id, severity, region, value, threshold, ago, message) => ({
    id,
    alert_type: "HIGH_ERROR_RATE",
    severity,
    message,
    region,
    metric_name: "success_rate",
    metric_value: value,
    threshold_value: threshold,
    created_at: iso(begun - ago * MINUTE_MS),
    silenced: false,
  });
  const data = [
    alert(93, "CRITICAL", "sa-east", 0.814, 0.85, 2, "Success rate of sa-east is 81.4 % over 252 downloads"),
    alert(92, "WARNING", "ap-south", 0.893, 0.9, 11, "Success rate of ap-south is 89.3 % over 510 downloads"),
    alert(88, "INFO", null, 0.9437, 0.95, 140, "Success rate is below 95 % over all regions"),
  ];
  return { data, count: data.length, unacknowledged_count: data.length };
}
