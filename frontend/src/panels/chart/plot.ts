import type { Maybe } from "../../format/number";

/** One row of numbers of a chart, and how they are written. */
export interface Series {
  /** Names its cells in the table. */
  readonly id: string;
  readonly name: string;
  /** Over its drawing. */
  readonly title: string;
  readonly text: (value: Maybe) => string;
  readonly tick: (value: Maybe) => string;
}

/** What a chart is of: counts as bars, and a rate as a line where there is one. */
export interface Plot {
  /** Names its rows in the table; of one page no two have the same. */
  readonly id: string;
  /** What a step is called: Minute. */
  readonly step: string;
  readonly time: (start: number) => string;
  readonly counts: Series;
  readonly rates: Series | null;
  /** Rates are shares of a whole, so that the axis ends at 1. */
  readonly shares: boolean;
}
