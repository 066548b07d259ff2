import { use, useSyncExternalStore } from "react";

import type { LiveState } from "./connection";
import { LiveContext } from "./context";

export function useLive(): LiveState {
  const connection = use(LiveContext);
  if (connection === null) throw new Error("useLive needs a LiveProvider around it");
  return useSyncExternalStore(connection.subscribe, connection.state);
}
