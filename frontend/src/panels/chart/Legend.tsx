import type { ReactElement } from "react";

import type { Step } from "./steps";
import { STATE_WORDS } from "./state";

const STATES = ["final", "open", "missing"] as const;

/** How steps are drawn. Skipped records are rare enough to be explained only where there are any. */
export function Legend({ steps = [] }: { steps?: readonly Step[] }): ReactElement {
  const states = steps.some(({ state }) => state === "gap") ? [...STATES, "gap" as const] : STATES;
  return (
    <ul className="legend" aria-label="How steps are drawn">
      {states.map((state) => (
        <li key={state}>
          <span className={`legend-key legend-${state}`} />
          {STATE_WORDS[state]}
        </li>
      ))}
    </ul>
  );
}
