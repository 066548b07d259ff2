import type { UseQueryResult } from "@tanstack/react-query";

import { keys } from "../keys";
import type { Timeseries } from "../model";
import { useStats } from "./useStats";

export function useTimeseries(): UseQueryResult<Timeseries> {
  return useStats(keys.timeseries());
}
