import type { Maybe } from "../../format/number";
import { count } from "../../format/number";
import { measured, words, type Measured } from "../../format/unit";
import type { Measure } from "./measures";

/** A measure's number as it is written: what is counted has no unit but its name. */
export function written({ name, kind }: Measure, value: Maybe): Measured {
  return kind === "count" || kind === "distinct" ? { text: count(value), unit: null } : measured(name, value);
}

/** What the cards and columns of a measure are called; quantiles by how much is below them. */
export function labelOf({ name, columns }: Measure, column: string): string {
  return columns.length > 1 ? `${words(name)} ${quantileOf(name, column)}` : words(name);
}

/** The `p99` of `sizes_p99`. */
export function quantileOf(name: string, column: string): string {
  return column.startsWith(`${name}_`) ? column.slice(name.length + 1) : column;
}
