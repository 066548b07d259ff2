import { useSyncExternalStore } from "react";

import { STATS_MINUTES } from "../../api/keys";

/** What all panels can cover. */
export const WINDOWS = [5, 15, 30, STATS_MINUTES] as const;
/** What panels of the downloads cannot: they cover as much of it as they can. */
export const DAY_MINUTES = 1_440;

const OFFERED: readonly number[] = [...WINDOWS, DAY_MINUTES];

const PARAMETER = "minutes";
const CHANGED = "streampulse:minutes";

/** The window in a URL's query; null where there is none, or none that is offered. */
export function minutesOf(search: string): number | null {
  const given = new URLSearchParams(search).get(PARAMETER);
  return OFFERED.find((minutes) => String(minutes) === given) ?? null;
}

/** Keeps the choice in the URL, so that it can be shared and survives a reload. `fallback` needs not be said. */
export function chooseMinutes(minutes: number, fallback: number | null = null): void {
  const url = new URL(window.location.href);
  if (minutes === fallback) url.searchParams.delete(PARAMETER);
  else url.searchParams.set(PARAMETER, String(minutes));
  window.history.pushState(null, "", url);
  window.dispatchEvent(new Event(CHANGED));
}

/** What was chosen; null where nothing was. */
export function useChosenMinutes(): number | null {
  return useSyncExternalStore(subscribe, () => minutesOf(window.location.search));
}

function subscribe(changed: () => void): () => void {
  window.addEventListener(CHANGED, changed);
  window.addEventListener("popstate", changed);
  return () => {
    window.removeEventListener(CHANGED, changed);
    window.removeEventListener("popstate", changed);
  };
}
