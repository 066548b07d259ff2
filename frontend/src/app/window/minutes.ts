import { useSyncExternalStore } from "react";

import { DEFAULT_MINUTES, STATS_MINUTES } from "../../api/keys";

/** What all panels can cover. */
export const WINDOWS = [5, 15, 30, STATS_MINUTES] as const;
/** What panels of the downloads cannot: they cover as much of it as they can. */
export const DAY_MINUTES = 1_440;

const OFFERED: readonly number[] = [...WINDOWS, DAY_MINUTES];

const PARAMETER = "minutes";
const CHANGED = "streampulse:minutes";

/** The window in a URL's query; the default where there is none, or none that is offered. */
export function minutesOf(search: string): number {
  const given = new URLSearchParams(search).get(PARAMETER);
  return OFFERED.find((minutes) => String(minutes) === given) ?? DEFAULT_MINUTES;
}

/** Keeps the choice in the URL, so that it can be shared and survives a reload. */
export function chooseMinutes(minutes: number): void {
  const url = new URL(window.location.href);
  if (minutes === DEFAULT_MINUTES) url.searchParams.delete(PARAMETER);
  else url.searchParams.set(PARAMETER, String(minutes));
  window.history.pushState(null, "", url);
  window.dispatchEvent(new Event(CHANGED));
}

export function useMinutes(): number {
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
