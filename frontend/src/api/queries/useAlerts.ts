import type { UseQueryResult } from "@tanstack/react-query";

import { get } from "../client";
import { keys } from "../keys";
import type { AlertList, Snapshot } from "../model";
import { useStats } from "./useStats";

/** The newest alerts of all streams. Without downloads `/api/stats` need not answer; the snapshot has them as well. */
export function useAlerts(downloads: boolean): UseQueryResult<AlertList> {
  return useStats(keys.alerts(), downloads ? undefined : fromSnapshot);
}

async function fromSnapshot(signal: AbortSignal): Promise<AlertList> {
  const { alerts, meta } = await get<Snapshot>("/api/dashboard", signal);
  return { ...alerts, meta };
}
