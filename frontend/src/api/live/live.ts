import type { QueryClient } from "@tanstack/react-query";

import { keys } from "../keys";
import type { Answer } from "../model";
import { LiveConnection, type EventStream } from "./connection";
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
  const connection = new LiveConnection(open, (snapshot) => {
    applySnapshot(client, snapshot);
    windows.pushed(snapshot.meta.data_version);
  });
  const run = () => {
    const cache = client.getQueryCache().subscribe((event) => {
      if (event.type !== "updated" || event.action.type !== "success" || event.action.manual === true) return;
      const [group] = event.query.queryKey as readonly unknown[];
      if (group === keys.all[0]) connection.answered((event.query.state.data as Answer).meta);
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
    };
  };
  return { connection, run };
}
