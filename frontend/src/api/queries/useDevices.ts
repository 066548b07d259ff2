import type { UseQueryResult } from "@tanstack/react-query";

import { keys } from "../keys";
import type { DeviceList } from "../model";
import { useStats } from "./useStats";

export function useDevices(minutes: number): UseQueryResult<DeviceList> {
  return useStats(keys.devices(minutes));
}
