import type { Query, StatsPath } from "./client";

export const DEFAULT_MINUTES = 5;
export const TRENDING_LIMIT = 5;
export const DEVICES_LIMIT = 10;
export const TIMESERIES_MINUTES = 60;
export const ALERTS_LIMIT = 10;

export type StatsKey<P extends StatsPath = StatsPath> = readonly ["stats", P, Query<P>];

function key<P extends StatsPath>(path: P, query: Query<P>): StatsKey<P> {
  return ["stats", path, query];
}

/** One key per endpoint, with every parameter in it. Pushed snapshots hold the answers for the default minutes. */
export const keys = {
  all: ["stats"] as const,
  realtime: (minutes: number) => key("/api/stats/realtime", { minutes }),
  trending: (minutes: number) => key("/api/stats/trending", { minutes, limit: TRENDING_LIMIT }),
  regions: (minutes: number) => key("/api/stats/regions", { minutes }),
  devices: (minutes: number) => key("/api/stats/devices", { minutes, limit: DEVICES_LIMIT }),
  timeseries: () => key("/api/stats/timeseries", { minutes: TIMESERIES_MINUTES }),
  alerts: () => key("/api/stats/alerts", { limit: ALERTS_LIMIT }),
};
