import type { ReactElement } from "react";

import { DAY_MINUTES, WINDOWS, chooseMinutes } from "./minutes";
import "./window.css";

/** What the page covers. */
export interface Covered {
  /** Null until it is decided. */
  readonly minutes: number | null;
  /** What it is without a choice. */
  readonly fallback: number | null;
  /** There are panels that can cover a day. */
  readonly day: boolean;
}

export function WindowSelector({ covered }: { covered: Covered }): ReactElement {
  const { minutes: chosen, fallback, day } = covered;
  const offered: readonly number[] = day || chosen === DAY_MINUTES ? [...WINDOWS, DAY_MINUTES] : WINDOWS;
  return (
    <fieldset className="window" data-testid="window" data-value={chosen ?? undefined}>
      <legend className="visually-hidden">Time that cards and tables cover</legend>
      {offered.map((minutes) => (
        <label key={minutes} className="window-choice">
          <input
            type="radio"
            name="minutes"
            value={minutes}
            checked={minutes === chosen}
            onChange={() => { chooseMinutes(minutes, fallback); }}
          />
          <span>{minutes === DAY_MINUTES ? "24 h" : `${minutes} min`}</span>
        </label>
      ))}
    </fieldset>
  );
}
