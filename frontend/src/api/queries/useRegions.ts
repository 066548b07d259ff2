import type { UseQueryResult } from "@tanstack/react-query";

import { keys } from "../keys";
import type { RegionList } from "../model";
import { useStats } from "./useStats";

export function useRegions(minutes: number): UseQueryResult<RegionList> {
  return useStats(keys.regions(minutes));
}
