/** What a step's numbers are worth: they will not change, can still grow, are not known, or may lack skipped records. */
export type StepState = "final" | "open" | "missing" | "gap";

/** What that means to a reader. */
export const STATE_WORDS: Record<StepState, string> = {
  final: "final",
  open: "still filling",
  missing: "no data",
  gap: "records skipped",
};
