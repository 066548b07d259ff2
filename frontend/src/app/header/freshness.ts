import type { LiveState } from "../../api/live/connection";
import type { NewestAnswer } from "../../api/queries/useNewestAnswer";

export type FreshnessKind = "connecting" | "waiting" | "live" | "behind" | "stale" | "disconnected";

export interface Freshness {
  readonly kind: FreshnessKind;
  /** How far the page is behind the clock; null where that is not known. */
  readonly seconds: number | null;
}

/** A partition that falls silent holds event time back for about ten seconds without anything being wrong. */
export const LIVE_WITHIN_S = 15;
export const STALE_AFTER_S = 60;
/** Two polls and a bit. */
export const DISCONNECTED_AFTER_S = 12;

/** How much of now the page shows. */
export function freshness(live: LiveState, newest: NewestAnswer, now: number): Freshness {
  const { meta, receivedAt, failing } = newest;
  if (meta === null || receivedAt === null) {
    return { kind: failing || live.problem !== null ? "disconnected" : "connecting", seconds: null };
  }
  const age = Math.max(0, (now - receivedAt) / 1_000);
  const seconds = behind(live, meta.lag_seconds ?? null, age);
  if (live.mode !== "push" && age > DISCONNECTED_AFTER_S) return { kind: "disconnected", seconds };
  if (live.problem !== null) return { kind: "stale", seconds };
  if (seconds === null) return { kind: "waiting", seconds };
  if (seconds > STALE_AFTER_S) return { kind: "stale", seconds };
  if (seconds > LIVE_WITHIN_S || live.mode === "polling") return { kind: "behind", seconds };
  return { kind: "live", seconds };
}

function behind(live: LiveState, lag: number | null, age: number): number | null {
  if (lag === null) return null;
  // No lag at all: the stream is idle, and a working push would tell if that changed.
  const current = lag === 0 && live.mode === "push" && live.problem === null;
  return current ? 0 : lag + age;
}
