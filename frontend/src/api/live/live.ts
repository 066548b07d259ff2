import type { QueryClient } from "@tanstack/react-query";

import { keys, streamKeys } from "../keys";
import type { Answer, StreamList } from "../model";
import { LiveConnection, type EventStream } from "./connection";
import { Followers } from "./followers";
import { applySnapshot } from "./snapshot";
import { OtherWindows } from "./windows";

/** No oftener than the eye can follow. */
export const STREAM_PATH = "/api/stream/events?interval_ms=100";

export interface Live {
  readonly connection: LiveConnection;
  /** Runs until the returned function is called. */
  readonly run: () => () => void;
}

/** Event stream → query cache. */
export function createLive(client: QueryClient, open: () => EventStream = () => new EventSource(STREAM_PATH)): Live {
  const windows = new OtherWindows(client);
  const followers = new Followers(client);
  let committed = 0;
  let untold = false;
  const connection = new LiveConnection(open, (snapshot) => {
    untold = false;
    applySnapshot(client, snapshot);
    windows.pushed(snapshot.meta.data_version);
    followers.pushed();
  });
  const listed = (list: StreamList) => {
    const before = committed;
    committed = list.data.reduce((sum, { meta }) => sum + meta.data_version, 0);
    // The list may overtake the push; not for as long as from one reading of it to the next.
    if (untold) connection.suspect();
    untold = before > 0 && committed > before;
    followers.listed(list);
  };
  const run = () => {
    const cache = client.getQueryCache().subscribe((event) => {
      if (event.type !== "updated" || event.action.type !== "success" || event.action.manual === true) return;
      const { state } = event.query;
      const queryKey = event.query.queryKey as readonly unknown[];
      const [group] = queryKey;
      if (group === keys.all[0]) connection.answered((state.data as Answer).meta);
      if (group === streamKeys.list[0] && queryKey.length === streamKeys.list.length) listed(state.data as StreamList);
    });
    // Browsers allow six connections to one server; a page nobody sees must not hold one.
    const visibility = () => {
      if (document.visibilityState === "visible") connection.start();
      else connection.stop();
    };
    document.addEventListener("visibilitychange", visibility);
    visibility();
    return () => {
      cache();
      document.removeEventListener("visibilitychange", visibility);
      connection.stop();
      windows.stop();
      followers.stop();
    };
  };
  return { connection, run };
}
