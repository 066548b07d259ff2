import type { ReactElement } from "react";

import { STATE_WORDS } from "./state";

const STATES = ["final", "open", "missing"] as const;

export function Legend(): ReactElement {
  return (
    <ul className="legend" aria-label="How minutes are drawn">
      {STATES.map((state) => (
        <li key={state}>
          <span className={`legend-key legend-${state}`} />
          {STATE_WORDS[state]}
        </li>
      ))}
    </ul>
  );
}
