import type { UseQueryResult } from "@tanstack/react-query";

import { keys } from "../keys";
import type { Realtime } from "../model";
import { useStats } from "./useStats";

export function useRealtime(minutes: number): UseQueryResult<Realtime> {
  return useStats(keys.realtime(minutes));
}
