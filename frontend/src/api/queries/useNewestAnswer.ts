import { useQueryClient, type Query, type QueryClient } from "@tanstack/react-query";
import { useCallback, useSyncExternalStore } from "react";

import { keys, streamKeys } from "../keys";
import type { Answer, Meta, StreamList } from "../model";
import { newer } from "../order";
import { DOWNLOADS, served } from "../served";

export interface NewestAnswer {
  meta: Meta | null;
  /** When the API was last heard of, by this machine's clock; null before. */
  receivedAt: number | null;
  /** Every panel that was answered last time was refused. */
  failing: boolean;
}

/** The newest of all answers about the stream that the page begins with. */
export function useNewestAnswer(): NewestAnswer {
  const client = useQueryClient();
  const subscribe = useCallback((changed: () => void) => client.getQueryCache().subscribe(changed), [client]);
  const read = useCallback(() => JSON.stringify(newestAnswer(client)), [client]);
  return JSON.parse(useSyncExternalStore(subscribe, read)) as NewestAnswer;
}

export function newestAnswer(client: QueryClient): NewestAnswer {
  const list = client.getQueryData<StreamList>(streamKeys.list);
  const lead = list && served(list).lead;
  return lead == null || lead === DOWNLOADS ? ofDownloads(client, lead === undefined) : ofStream(client, lead, list);
}

/** Pushes are answers as well: they stand where the panels' own would. */
function ofDownloads(client: QueryClient, unlisted: boolean): NewestAnswer {
  const queries = client.getQueryCache().findAll({ queryKey: keys.all });
  const list = client.getQueryState(streamKeys.list);
  const refused = unlisted && list?.status === "error";
  return { ...summed(queries, queries.map(answerIn)), ...(refused && { failing: true }) };
}

/** Pushes tell of it without naming it: each has the list read again. */
function ofStream(client: QueryClient, lead: string, list: StreamList | undefined): NewestAnswer {
  const queries = client.getQueryCache().findAll({ queryKey: streamKeys.of(lead) });
  const lists = client.getQueryCache().findAll({ queryKey: streamKeys.list, exact: true });
  const own = list?.data.find(({ stream }) => stream === lead);
  return summed([...queries, ...lists], [...queries.map(answerIn), own]);
}

const answerIn = (query: Query) => query.state.data as Answer | undefined;

function summed(queries: readonly Query[], answers: readonly (Answer | undefined)[]): NewestAnswer {
  const settled = queries.filter((query) => query.state.status !== "pending");
  const newest = answers.filter((answer) => answer !== undefined).reduce<Answer | undefined>(newer, undefined);
  const receivedAt = Math.max(...queries.map((query) => query.state.dataUpdatedAt), 0);
  return {
    meta: newest?.meta ?? null,
    receivedAt: receivedAt === 0 ? null : receivedAt,
    failing: settled.length > 0 && settled.every((query) => query.state.status === "error"),
  };
}
