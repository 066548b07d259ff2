import type { UseQueryResult } from "@tanstack/react-query";

import { keys } from "../keys";
import type { AlertList } from "../model";
import { useStats } from "./useStats";

export function useAlerts(): UseQueryResult<AlertList> {
  return useStats(keys.alerts());
}
