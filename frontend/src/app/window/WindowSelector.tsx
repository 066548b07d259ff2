import type { ReactElement } from "react";

import { DAY_MINUTES, WINDOWS, chooseMinutes, useMinutes } from "./minutes";
import "./window.css";

/** `day`: there are panels that can cover a day. */
export function WindowSelector({ day }: { day: boolean }): ReactElement {
  const chosen = useMinutes();
  const offered: readonly number[] = day || chosen === DAY_MINUTES ? [...WINDOWS, DAY_MINUTES] : WINDOWS;
  return (
    <fieldset className="window" data-testid="window" data-value={chosen}>
      <legend className="visually-hidden">Time that cards and tables cover</legend>
      {offered.map((minutes) => (
        <label key={minutes} className="window-choice">
          <input
            type="radio"
            name="minutes"
            value={minutes}
            checked={minutes === chosen}
            onChange={() => { chooseMinutes(minutes); }}
          />
          <span>{minutes === DAY_MINUTES ? "24 h" : `${minutes} min`}</span>
        </label>
      ))}
    </fieldset>
  );
}
