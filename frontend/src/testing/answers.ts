import type { Answer, Snapshot } from "../api/model";

/** The part every answer has. */
export function answer(version: number, asOf: string): Answer {
  return {
    meta: { data_version: version, as_of: asOf, complete_through: "2026-01-01T11:58:00Z", lag_seconds: 1 },
  };
}

/** One push; `total` is told apart in the cards. */
export function snapshot(version: number, total: number): Required<Snapshot> {
  return {
    ...answer(version, "2026-01-01T12:00:10Z"),
    stats: { total_downloads: total, unique_content: 40, avg_success_rate: 0.973, avg_download_time: 12.345 },
    trending: {
      data: [
        {
          content_id: "c-1",
          title: "The Long Night",
          total_downloads: 1_234,
          successful_downloads: 1_200,
          failed_downloads: 30,
          success_rate: 0.972,
        },
        {
          content_id: "c-2",
          title: null,
          total_downloads: 7,
          successful_downloads: 0,
          failed_downloads: 7,
          success_rate: 0,
        },
      ],
      count: 2,
      window_minutes: 5,
    },
    regions: {
      data: [
        { region: "eu-west", downloads: 900, success_rate: 0.98, avg_speed: 84.2, health_status: "healthy" },
        { region: "af-south", downloads: 4, success_rate: 0, avg_speed: null, health_status: "critical" },
      ],
      count: 2,
      window_minutes: 5,
    },
    devices: {
      data: [{ device: "android", total_downloads: 500, success_rate: 0.96, avg_speed: 40 }],
      count: 1,
      window_minutes: 5,
    },
    timeseries: {
      data: [
        { window_start: "2026-01-01T11:57:00Z", total_downloads: 10, success_rate: 0.9, state: "final" },
        { window_start: "2026-01-01T11:58:00Z", total_downloads: null, success_rate: null, state: "missing" },
        { window_start: "2026-01-01T11:59:00Z", total_downloads: 0, success_rate: null, state: "final" },
        { window_start: "2026-01-01T12:00:00Z", total_downloads: 3, success_rate: 1, state: "open" },
      ],
      count: 4,
      start_time: "2026-01-01T11:57:00Z",
      end_time: "2026-01-01T12:01:00Z",
    },
    alerts: {
      data: [
        {
          id: 7,
          alert_type: "HIGH_ERROR_RATE",
          severity: "CRITICAL",
          message: "success rate of eu-west is 81 %",
          region: "eu-west",
          metric_name: "success_rate",
          metric_value: 0.81,
          threshold_value: 0.9,
          created_at: "2026-01-01T11:55:00Z",
          silenced: false,
        },
      ],
      count: 1,
      unacknowledged_count: 1,
    },
  };
}
