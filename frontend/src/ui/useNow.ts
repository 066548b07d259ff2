import { useSyncExternalStore } from "react";

const TICK_MS = 1_000;

const tick = () => Math.floor(Date.now() / TICK_MS) * TICK_MS;

/** The time, to the second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, tick);
}

function subscribe(changed: () => void): () => void {
  const timer = setInterval(changed, TICK_MS);
  return () => { clearInterval(timer); };
}
