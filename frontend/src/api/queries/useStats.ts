import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";

import { ask, type AnswerOf, type StatsPath } from "../client";
import type { StatsKey } from "../keys";
import { useLive } from "../live/useLive";
import { newer } from "../order";

/** How often each panel asks while nothing is pushed. */
export const POLL_MS = 5_000;
/** Without new data nothing is pushed, yet "the last minutes" move on. The timer starts anew with each push. */
export const QUIET_MS = 15_000;

type Load<P extends StatsPath> = (signal: AbortSignal) => Promise<AnswerOf<P>>;

/** What every endpoint's hook has in common. `load` asks something else for the same answer. */
export function useStats<P extends StatsPath>(key: StatsKey<P>, load?: Load<P>): UseQueryResult<AnswerOf<P>> {
  const { mode } = useLive();
  const [, path, query] = key;
  return useQuery<AnswerOf<P>, Error, AnswerOf<P>, StatsKey<P>>({
    queryKey: key,
    queryFn: async ({ client, signal }) => {
      const answer = await (load?.(signal) ?? ask(path, query, signal));
      return newer(client.getQueryData<AnswerOf<P>>(key), answer);
    },
    refetchInterval: mode === "push" ? QUIET_MS : POLL_MS,
    placeholderData: keepPreviousData,
  });
}
