import type { Point } from "../../api/model";

/** What a minute's state means to a reader. */
export const STATE_WORDS: Record<Point["state"], string> = {
  final: "final",
  open: "still filling",
  missing: "no data",
};
