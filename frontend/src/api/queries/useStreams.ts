import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";

import { get } from "../client";
import type { RollupRows, StreamList } from "../model";
import { POLL_MS } from "./useStats";

/** A day: a log that was moved to end now spans more than the minutes of live traffic. */
const ROLLUP_SPAN = "1d";
const ROWS = 10;

/** Every stream that is served. */
export function useStreams(): UseQueryResult<StreamList> {
  return useQuery({
    queryKey: ["streams"],
    queryFn: ({ signal }) => get<StreamList>("/api/streams", signal),
    refetchInterval: POLL_MS,
  });
}

/** The rows of a rollup with the highest first measure. */
export function useRollup(stream: string, rollup: string): UseQueryResult<RollupRows> {
  const path = `/api/streams/${encodeURIComponent(stream)}/${encodeURIComponent(rollup)}`;
  return useQuery({
    queryKey: ["streams", stream, rollup],
    queryFn: ({ signal }) => get<RollupRows>(`${path}?last=${ROLLUP_SPAN}&limit=${ROWS}`, signal),
    refetchInterval: POLL_MS,
    placeholderData: keepPreviousData,
  });
}
