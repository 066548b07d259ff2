import type { ReactElement } from "react";

import { span } from "../../format/time";
import { Badge, type Tone } from "../../ui/Badge";
import type { Freshness, FreshnessKind } from "./freshness";

const TONES: Record<FreshnessKind, Tone> = {
  connecting: "neutral",
  waiting: "neutral",
  live: "good",
  behind: "warning",
  stale: "bad",
  disconnected: "bad",
};

const SPOKEN: Record<FreshnessKind, string> = {
  connecting: "Connecting",
  waiting: "Waiting for the first event",
  live: "Data is live",
  behind: "Data is behind",
  stale: "Data is stale",
  disconnected: "Disconnected",
};

function label({ kind, seconds }: Freshness): string {
  switch (kind) {
    case "connecting":
      return "connecting";
    case "waiting":
      return "waiting for the first event";
    case "live":
      return "live";
    case "behind":
      return `${span(seconds ?? 0)} behind`;
    case "stale":
      return seconds === null ? "stale" : `stale, ${span(seconds)} behind`;
    case "disconnected":
      return "disconnected";
  }
}

/** Seconds change all the time; only a change of kind is worth reading out. */
export function FreshnessBadge({ freshness }: { freshness: Freshness }): ReactElement {
  return (
    <>
      <span data-testid="freshness" data-value={freshness.kind} aria-hidden="true">
        <Badge tone={TONES[freshness.kind]} dot>
          {label(freshness)}
        </Badge>
      </span>
      <span role="status" className="visually-hidden">
        {SPOKEN[freshness.kind]}
      </span>
    </>
  );
}
