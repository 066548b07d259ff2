import type { StepState } from "./state";

/** What is known of one step of time. */
export interface Known {
  readonly start: number;
  readonly count: number | null;
  readonly rate: number | null;
  readonly state: StepState;
}

/** One step of the chart. A field that is null is not drawn. */
export interface Step extends Known {
  /** The same numbers, split by how they are drawn. */
  readonly finalCount: number | null;
  readonly openCount: number | null;
  readonly finalRate: number | null;
  readonly openRate: number | null;
}

/** Neighbouring steps whose numbers are not known, or not to be relied on; both ends belong to it. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

/** How each step of `known`, oldest first and none left out, is drawn. */
export function toSteps(known: readonly Known[]): Step[] {
  return known.map((step, index) => drawn(step, known[index + 1]));
}

export function toGaps(steps: readonly Known[]): Gap[] {
  const gaps: Gap[] = [];
  let last: Gap | undefined;
  steps.forEach(({ start, state }, index) => {
    // The step of now without events yet is no gap: it has only begun.
    if (state !== "missing" && state !== "gap") return;
    const previous = steps[index - 1];
    if (last !== undefined && previous?.start === last.to) {
      last = { from: last.from, to: start };
      gaps[gaps.length - 1] = last;
    } else {
      last = { from: start, to: start };
      gaps.push(last);
    }
  });
  return gaps;
}

function drawn(step: Known, next: Known | undefined): Step {
  const open = step.state === "open";
  // The dashed line begins at the last final step, or it would hang in the air.
  const leadsToOpen = next?.state === "open" && next.rate !== null;
  return {
    ...step,
    finalCount: open ? null : step.count,
    openCount: open ? step.count : null,
    finalRate: open ? null : step.rate,
    openRate: open || leadsToOpen ? step.rate : null,
  };
}

/** Where the axis of shares begins: small dips from 100 % have to be seen, and deep ones must fit. */
export function shareFloor(steps: readonly Known[]): number {
  const rates = steps.map(({ rate }) => rate).filter((rate) => rate !== null);
  return Math.min(0.9, ...rates.map((rate) => Math.floor(rate * 10) / 10));
}
