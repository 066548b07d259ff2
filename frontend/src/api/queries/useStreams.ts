import { useQuery, type UseQueryResult } from "@tanstack/react-query";

import { get } from "../client";
import { streamKeys } from "../keys";
import type { StreamList } from "../model";
import { POLL_MS } from "./useStats";

/** Every stream that is served. */
export function useStreams(): UseQueryResult<StreamList> {
  return useQuery({
    queryKey: streamKeys.list,
    queryFn: ({ signal }) => get<StreamList>("/api/streams", signal),
    refetchInterval: POLL_MS,
  });
}
