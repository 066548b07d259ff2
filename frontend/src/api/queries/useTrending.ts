import type { UseQueryResult } from "@tanstack/react-query";

import { keys } from "../keys";
import type { TrendingList } from "../model";
import { useStats } from "./useStats";

export function useTrending(minutes: number): UseQueryResult<TrendingList> {
  return useStats(keys.trending(minutes));
}
