import type { QueryClient } from "@tanstack/react-query";

import type { AnswerOf, StatsPath } from "../client";
import { DEFAULT_MINUTES, keys, type StatsKey } from "../keys";
import type { Snapshot } from "../model";
import { newer } from "../order";

const ALWAYS = ["alerts", "meta"];
const OF_DOWNLOADS = ["stats", "trending", "regions", "devices", "timeseries"];

/** A pushed event's data, or null where it is not a snapshot. */
export function parseSnapshot(data: string): Snapshot | null {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const parts = value as Record<string, unknown>;
  const held = (part: string) => typeof parts[part] === "object" && parts[part] !== null;
  const understood = ALWAYS.every(held) && OF_DOWNLOADS.every((part) => parts[part] === undefined || held(part));
  return understood ? (value as Snapshot) : null;
}

/** Gives each panel its part, as if it had asked its own endpoint. */
export function applySnapshot(client: QueryClient, snapshot: Snapshot): void {
  const { meta, stats, trending, regions, devices, timeseries, alerts } = snapshot;
  if (stats !== undefined) put(client, keys.realtime(DEFAULT_MINUTES), { ...stats, meta });
  if (trending !== undefined) put(client, keys.trending(DEFAULT_MINUTES), { ...trending, meta });
  if (regions !== undefined) put(client, keys.regions(DEFAULT_MINUTES), { ...regions, meta });
  if (devices !== undefined) put(client, keys.devices(DEFAULT_MINUTES), { ...devices, meta });
  if (timeseries !== undefined) put(client, keys.timeseries(), { ...timeseries, meta });
  put(client, keys.alerts(), { ...alerts, meta });
}

function put<P extends StatsPath>(client: QueryClient, key: StatsKey<P>, answer: AnswerOf<P>): void {
  client.setQueryData<AnswerOf<P>>(key, (held) => newer(held, answer));
}
