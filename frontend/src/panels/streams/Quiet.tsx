import type { ReactElement } from "react";

import type { WindowState } from "../../api/model";
import { DAY_MINUTES, chooseMinutes } from "../../app/window/minutes";
import { lastMinutes } from "../scope";

interface QuietProps {
  /** What was counted; null where that is not known. */
  count: number | null;
  state: WindowState;
  /** The window that is chosen, and what of it is covered. */
  minutes: number;
  span: number;
}

/** Says that a window is empty, and leads to a longer one: what was read may be older than the last minutes. */
export function Quiet({ count, state, minutes, span }: QuietProps): ReactElement | null {
  if (count !== 0 && count !== null) return null;
  const known = state === "zero" || state === "open";
  return (
    <p className="totals-note">
      {known ? `Nothing came in the ${lastMinutes(span)}${state === "open" ? " so far" : ""}.` : `Nothing is known of the ${lastMinutes(span)}.`}{" "}
      {minutes < DAY_MINUTES && (
        <button type="button" className="totals-longer" onClick={() => { chooseMinutes(DAY_MINUTES); }}>
          Show the {lastMinutes(DAY_MINUTES)}
        </button>
      )}
    </p>
  );
}
