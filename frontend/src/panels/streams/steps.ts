import type { RollupRows } from "../../api/model";
import type { StepState } from "../chart/state";
import { toSteps, type Step } from "../chart/steps";

type Row = RollupRows["data"][number];

const STATES: Record<Row["window"]["state"], StepState> = {
  counted: "final",
  // A zero that is known is a number like others.
  zero: "final",
  open: "open",
  missing: "missing",
  gap: "gap",
};

/** The steps of a single group, as the API has them: it leaves none out. */
export function stepsOf(rows: readonly Row[], count: string, ratio: string | null): Step[] {
  const known = rows.map(({ window, measures }) => ({
    start: Date.parse(window.start),
    count: measures[count] ?? null,
    rate: ratio === null ? null : (measures[ratio] ?? null),
    state: STATES[window.state],
  }));
  return toSteps(known);
}
