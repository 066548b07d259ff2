import type { ReactElement } from "react";

import type { LiveState } from "../../api/live/connection";
import { POLL_MS } from "../../api/queries/useStats";
import type { Freshness } from "./freshness";

/** Says what does not work, and what is done instead. Nothing while all is well. */
export function Notice({ live, freshness }: { live: LiveState; freshness: Freshness }): ReactElement | null {
  const text = notice(live, freshness);
  if (text === null) return null;
  return (
    <p className="notice" role="status" data-testid="notice">
      {text}
    </p>
  );
}

function notice(live: LiveState, { kind, seconds }: Freshness): string | null {
  if (live.problem !== null) return `The API reports: ${live.problem}. Numbers are from before that.`;
  if (kind === "disconnected") return "The API does not answer. Trying again every few seconds.";
  if (live.mode === "polling") {
    return `Live push is not available. Asking every ${POLL_MS / 1_000} seconds instead.`;
  }
  if (kind === "stale" && seconds !== null) return "Events are counted, but late: the pipeline is behind the clock.";
  return null;
}
