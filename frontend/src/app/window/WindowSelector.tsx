import type { ReactElement } from "react";

import { WINDOWS, chooseMinutes, useMinutes } from "./minutes";
import "./window.css";

export function WindowSelector(): ReactElement {
  const chosen = useMinutes();
  return (
    <fieldset className="window" data-testid="window" data-value={chosen}>
      <legend className="visually-hidden">Minutes that cards and tables cover</legend>
      {WINDOWS.map((minutes) => (
        <label key={minutes} className="window-choice">
          <input
            type="radio"
            name="minutes"
            value={minutes}
            checked={minutes === chosen}
            onChange={() => { chooseMinutes(minutes); }}
          />
          <span>{minutes} min</span>
        </label>
      ))}
    </fieldset>
  );
}
