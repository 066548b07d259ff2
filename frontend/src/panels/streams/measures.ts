import type { RollupColumns } from "../../api/model";
import { isShare } from "../../format/unit";

/** As the API names them; `ratio` is a derived column. */
export type Kind = "count" | "sum" | "min" | "max" | "quantiles" | "distinct" | "ratio";

export interface Measure {
  readonly name: string;
  readonly kind: string;
  /** What its numbers are called in rows: several of quantiles, the lowest first. */
  readonly columns: readonly string[];
}

const RATIO: Kind = "ratio";
/** Merged from sketches, which rows cannot be ordered by. */
const SKETCHES: readonly string[] = ["quantiles", "distinct"] satisfies Kind[];

/** The measures of a rollup and its derived columns, as the definition has them. */
export function measuresOf({ measures, derived }: RollupColumns): Measure[] {
  return [
    ...measures.map(({ name, kind, asked_as }) => ({ name, kind, columns: asked_as })),
    ...derived.map((name) => ({ name, kind: RATIO, columns: [name] })),
  ];
}

/** What the rollup counts: its first count, or else what rows are ordered by, or else anything at all. */
export function countOf(rollup: RollupColumns): Measure | null {
  const all = measuresOf(rollup);
  const ordered = all.find(({ kind }) => !SKETCHES.includes(kind));
  return all.find(({ kind }) => kind === "count") ?? ordered ?? all[0] ?? null;
}

/** What is drawn below the counts: the first share, or else the first ratio. */
export function ratioOf(rollup: RollupColumns): Measure | null {
  const ratios = measuresOf(rollup).filter(({ kind }) => kind === RATIO);
  return ratios.find(({ name }) => isShare(name)) ?? ratios[0] ?? null;
}

/** Rows with the highest counts first; null leaves the order to the API. */
export function orderOf(rollup: RollupColumns): string | null {
  const count = countOf(rollup);
  return count === null || SKETCHES.includes(count.kind) ? null : `-${count.columns[0] ?? count.name}`;
}

/**
 * The rollup that a stream's totals are taken from. All of them count the same events; one with a share tells most, then
 * the one with the most measures, and of equals the one with the fewest dimensions has the fewest rows to add up.
 */
export function headlineOf(rollups: readonly RollupColumns[]): RollupColumns | null {
  const worth = (rollup: RollupColumns) => [
    ratioOf(rollup) === null ? 0 : 1,
    measuresOf(rollup).length,
    -rollup.dimensions.length,
  ];
  const better = (one: number[], other: number[]) => {
    const at = one.findIndex((value, index) => value !== other[index]);
    return at >= 0 && (one[at] ?? 0) > (other[at] ?? 0);
  };
  return rollups.reduce<RollupColumns | null>(
    (best, rollup) => (best === null || better(worth(rollup), worth(best)) ? rollup : best),
    null,
  );
}
