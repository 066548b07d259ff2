import type { RollupRows } from "../../api/model";
import { change, points } from "../../format/number";
import { isShare } from "../../format/unit";
import type { Measure } from "./measures";

type Row = RollupRows["data"][number];

/** A measure in a range and in the one before; of quantiles the lowest. */
export interface Compared {
  readonly now: number | null;
  readonly before: number | null;
  /** Null where one of them is not known, or nothing can be more or less than it by a percentage. */
  readonly text: string | null;
}

export function compared({ name, columns }: Measure, row: Row): Compared {
  const [column = name] = columns;
  const now = row.measures[column] ?? null;
  const before = row.previous?.measures[column] ?? null;
  return { now, before, text: isShare(name) ? points(now, before) : change(now, before) };
}
