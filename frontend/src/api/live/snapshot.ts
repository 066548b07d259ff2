import type { QueryClient } from "@tanstack/react-query";

import type { AnswerOf, StatsPath } from "../client";
import { DEFAULT_MINUTES, keys, type StatsKey } from "../keys";
import type { Snapshot } from "../model";
import { newer } from "../order";

/** What every snapshot has; the panels about downloads are missing where the API does not serve them. */
const PARTS = ["alerts", "meta"] as const;

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
  return PARTS.every((part) => typeof parts[part] === "object" && parts[part] !== null) ? (value as Snapshot) : null;
}

/** Gives each panel its part, as if it had asked its own endpoint. */
export function applySnapshot(client: QueryClient, snapshot: Snapshot): void {
  const { meta } = snapshot;
  if (snapshot.stats !== undefined) put(client, keys.realtime(DEFAULT_MINUTES), { ...snapshot.stats, meta });
  if (snapshot.trending !== undefined) put(client, keys.trending(DEFAULT_MINUTES), { ...snapshot.trending, meta });
  if (snapshot.regions !== undefined) put(client, keys.regions(DEFAULT_MINUTES), { ...snapshot.regions, meta });
  if (snapshot.devices !== undefined) put(client, keys.devices(DEFAULT_MINUTES), { ...snapshot.devices, meta });
  if (snapshot.timeseries !== undefined) put(client, keys.timeseries(), { ...snapshot.timeseries, meta });
  put(client, keys.alerts(), { ...snapshot.alerts, meta });
}

function put<P extends StatsPath>(client: QueryClient, key: StatsKey<P>, answer: AnswerOf<P>): void {
  client.setQueryData<AnswerOf<P>>(key, (held) => newer(held, answer));
}
