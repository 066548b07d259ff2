import type { ReactElement } from "react";

import type { RollupColumns, RollupRows, Stream } from "../../api/model";
import { useRollup } from "../../api/queries/useRollup";
import { NO_DATA } from "../../format/number";
import { withUnit, words } from "../../format/unit";
import { DataTable, type Column } from "../../ui/DataTable";
import { Panel } from "../../ui/Panel";
import { lastMinutes } from "../scope";
import { labelOf, written } from "./label";
import { measuresOf, orderOf, type Measure } from "./measures";
import { paceOf } from "./pace";
import { covered } from "./range";

type Row = RollupRows["data"][number];

const ROWS = 10;

interface RollupTableProps {
  stream: Stream;
  rollup: RollupColumns;
  minutes: number;
}

/** The rows of any rollup with the highest counts, with the columns that its definition has. */
export function RollupTable({ stream, rollup, minutes }: RollupTableProps): ReactElement {
  const span = covered(stream, minutes);
  const order = orderOf(rollup);
  const question = { last: `${minutes}m`, limit: String(ROWS), ...(order !== null && { order }) };
  const dimensions = rollup.dimensions.map((name) => words(name).toLowerCase()).join(" and ");
  const title = dimensions === "" ? words(rollup.rollup) : `By ${dimensions}`;
  return (
    <Panel
      id={`rollup-${rollup.rollup}`}
      title={title}
      scope={`${rollup.rollup}, top ${ROWS}, ${lastMinutes(span)}`}
      query={useRollup({ stream: stream.stream, rollup: rollup.rollup, question, pace: paceOf(minutes) })}
      isEmpty={({ data }) => data.length === 0}
      empty={`Nothing was counted in the ${lastMinutes(span)}.`}
    >
      {({ data }) => (
        <DataTable
          id={`rollup-${rollup.rollup}`}
          caption={`Top rows of ${rollup.rollup}`}
          columns={columns(rollup)}
          rows={data}
          rowKey={(row) => rollup.dimensions.map((name) => row.dimensions[name] ?? "").join("/")}
        />
      )}
    </Panel>
  );
}

function columns(rollup: RollupColumns): Column<Row>[] {
  return [
    ...rollup.dimensions.map((name) => text(name, (row) => row.dimensions[name] ?? "")),
    ...rollup.labels.map((name) => text(name, (row) => row.labels[name] ?? null)),
    ...measuresOf(rollup).flatMap((measure) => measure.columns.map((column) => number(measure, column))),
  ];
}

/** Keys can be as long as what they come from, such as a path. Of a label nothing may be known. */
function text(name: string, value: (row: Row) => string | null): Column<Row> {
  const cell = (row: Row) => {
    const shown = value(row);
    if (shown === null) return <span className="missing">{NO_DATA}</span>;
    return (
      <span className="rollup-key" title={shown}>
        {shown}
      </span>
    );
  };
  return { id: name, header: words(name), value, cell };
}

function number(measure: Measure, column: string): Column<Row> {
  const value = (row: Row) => row.measures[column] ?? null;
  const cell = (row: Row) => {
    const { text, unit } = written(measure, value(row));
    return withUnit(text, unit);
  };
  return { id: column, header: labelOf(measure, column), value, cell, numeric: true };
}
