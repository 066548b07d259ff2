import { keepPreviousData, useQuery, type QueryFunctionContext, type UseQueryResult } from "@tanstack/react-query";

import { get } from "../client";
import { streamKeys, type Pace, type Question, type RollupKey } from "../keys";
import { useLive } from "../live/useLive";
import type { RollupRows } from "../model";
import { newer } from "../order";
import { POLL_MS, QUIET_MS } from "./useStats";

/** What is asked of which rollup. */
export interface Asked {
  readonly stream: string;
  readonly rollup: string;
  readonly question: Question;
  /** A long range costs too much to be read after every push. */
  readonly pace: Exclude<Pace, "once">;
}

/** Rows that new data can change, and time as well. */
export function useRollup({ stream, rollup, question, pace }: Asked): UseQueryResult<RollupRows> {
  const { mode } = useLive();
  return useQuery<RollupRows, Error, RollupRows, RollupKey>({
    queryKey: streamKeys.rollup(stream, pace, rollup, question),
    queryFn: read,
    refetchInterval: mode === "push" && pace === "followed" ? QUIET_MS : POLL_MS,
    placeholderData: keepPreviousData,
  });
}

/** Rows that are read once, of windows that are final or for a moment's decision; nothing is asked without a question. */
export function useRollupOnce(stream: string, rollup: string, question: Question | null): UseQueryResult<RollupRows> {
  return useQuery<RollupRows, Error, RollupRows, RollupKey>({
    queryKey: streamKeys.rollup(stream, "once", rollup, question ?? {}),
    queryFn: read,
    enabled: question !== null,
    staleTime: Infinity,
    // Until the next minute's is there; of another length it would be of something else.
    placeholderData: (held) => (held !== undefined && question !== null && lengthOf(held.meta) === lengthOf(question) ? held : undefined),
  });
}

const lengthOf = ({ from = "", to = "" }: { from?: string; to?: string }) => Date.parse(to) - Date.parse(from);

async function read({ client, queryKey, signal }: QueryFunctionContext<RollupKey>): Promise<RollupRows> {
  const [, stream, , rollup, question] = queryKey;
  const path = `/api/streams/${encodeURIComponent(stream)}/${encodeURIComponent(rollup)}`;
  const answer = await get<RollupRows>(`${path}?${new URLSearchParams(question).toString()}`, signal);
  return newer(client.getQueryData<RollupRows>(queryKey), answer);
}
