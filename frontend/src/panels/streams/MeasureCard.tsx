import type { ReactElement } from "react";

import type { RollupRows } from "../../api/model";
import { withUnit } from "../../format/unit";
import { Card } from "../../ui/Card";
import { raw } from "../../ui/raw";
import { minutesInWords } from "../scope";
import type { Compared } from "./change";
import { labelOf, quantileOf, written } from "./label";
import type { Measure } from "./measures";

interface MeasureCardProps {
  stream: string;
  measure: Measure;
  row: RollupRows["data"][number];
  /** The same measure in final windows, now and before. */
  compared: Compared | null;
  minutes: number;
}

/** A measure over a range. Of quantiles the lowest is the large one, as it is the median. */
export function MeasureCard({ stream, measure, row, compared, minutes }: MeasureCardProps): ReactElement {
  const [first = measure.name, ...others] = measure.columns;
  const value = row.measures[first] ?? null;
  const { text, unit } = written(measure, value);
  const inUnit = (number: number | null | undefined) => {
    const shown = written(measure, number);
    return withUnit(shown.text, shown.unit);
  };
  return (
    <Card
      id={`${stream}-${first}`}
      label={labelOf(measure, first)}
      value={value}
      text={text}
      unit={measure.kind === "distinct" ? "distinct" : unit}
    >
      {compared?.text != null && (
        <dd className="card-change" title={`${inUnit(compared.now)}, before that ${inUnit(compared.before)}`}>
          <span data-testid={`${stream}-${first}-now`} data-value={raw(compared.now)}>
            {compared.text}
          </span>{" "}
          <span className="visually-hidden" data-testid={`${stream}-${first}-before`} data-value={raw(compared.before)}>
            against the {minutesInWords(minutes)} before
          </span>
        </dd>
      )}
      {others.length > 0 && value !== null && (
        <dd className="card-more">
          {others.map((column) => (
            <span key={column}>
              {quantileOf(measure.name, column)}{" "}
              <b data-testid={`${stream}-${column}`} data-value={raw(row.measures[column])}>
                {inUnit(row.measures[column])}
              </b>
            </span>
          ))}
        </dd>
      )}
    </Card>
  );
}
