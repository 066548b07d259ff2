import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useCallback, useSyncExternalStore } from "react";

import { keys } from "../keys";
import type { Answer, Meta } from "../model";
import { newer } from "../order";

export interface NewestAnswer {
  meta: Meta | null;
  /** When the API was last heard of, by this machine's clock; null before. */
  receivedAt: number | null;
  /** Every panel that was answered last time was refused. */
  failing: boolean;
}

/** The newest of all answers on the page. */
export function useNewestAnswer(): NewestAnswer {
  const client = useQueryClient();
  const subscribe = useCallback((changed: () => void) => client.getQueryCache().subscribe(changed), [client]);
  const read = useCallback(() => JSON.stringify(newestAnswer(client)), [client]);
  return JSON.parse(useSyncExternalStore(subscribe, read)) as NewestAnswer;
}

export function newestAnswer(client: QueryClient): NewestAnswer {
  const queries = client.getQueryCache().findAll({ queryKey: keys.all });
  const answers = queries.map((query) => query.state.data as Answer | undefined).filter((data) => data !== undefined);
  const settled = queries.filter((query) => query.state.status !== "pending");
  const newest = answers.reduce<Answer | undefined>(newer, undefined);
  const receivedAt = Math.max(...queries.map((query) => query.state.dataUpdatedAt), 0);
  return {
    meta: newest?.meta ?? null,
    receivedAt: receivedAt === 0 ? null : receivedAt,
    failing: settled.length > 0 && settled.every((query) => query.state.status === "error"),
  };
}
