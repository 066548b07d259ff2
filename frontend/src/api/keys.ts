import type { Query, StatsPath } from "./client";

export const DEFAULT_MINUTES = 5;
/** `/api/stats` looks no farther back. */
export const STATS_MINUTES = 60;
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

/** A question about a rollup: what its query says. */
export type Question = Readonly<Record<string, string>>;

/** How an answer is kept up to date: read again after a push, read now and then, or never. */
export type Pace = "followed" | "polled" | "once";

export type RollupKey = readonly ["streams", string, Pace, string, Question];

export const streamKeys = {
  all: ["streams"] as const,
  /** The list of them; not what is asked about one. */
  list: ["streams"] as const,
  of: (stream: string) => ["streams", stream] as const,
  followed: (stream: string) => ["streams", stream, "followed"] as const,
  rollup: (stream: string, pace: Pace, rollup: string, question: Question): RollupKey =>
    ["streams", stream, pace, rollup, question],
};
