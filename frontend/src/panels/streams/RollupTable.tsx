import type { ReactElement } from "react";

import type { RollupColumns, RollupRows } from "../../api/model";
import { useRollup } from "../../api/queries/useStreams";
import { percent, precise } from "../../format/number";
import { DataTable, type Column } from "../../ui/DataTable";
import { Panel } from "../../ui/Panel";

type Row = RollupRows["data"][number];

/** The top rows of any rollup, with the columns that its definition has. */
export function RollupTable({ stream, rollup }: { stream: string; rollup: RollupColumns }): ReactElement {
  return (
    <Panel
      id={`rollup-${rollup.rollup}`}
      title={rollup.rollup}
      scope="top rows, last 24 hours"
      query={useRollup(stream, rollup.rollup)}
      isEmpty={({ data }) => data.length === 0}
      empty="Nothing was counted in the last 24 hours."
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
  const keys = rollup.dimensions.map((name) => text(name, (row) => row.dimensions[name] ?? ""));
  const labels = rollup.labels.map((name) => text(name, (row) => row.labels[name] ?? ""));
  const numbers = rollup.measures.flatMap(({ asked_as }) => asked_as.map((name) => number(name, precise)));
  const shares = rollup.derived.map((name) => number(name, name.endsWith("_rate") ? percent : precise));
  return [...keys, ...labels, ...numbers, ...shares];
}

function text(name: string, value: (row: Row) => string): Column<Row> {
  return { id: name, header: name.replaceAll("_", " "), value, cell: value };
}

function number(name: string, format: (value: number | null) => string): Column<Row> {
  const value = (row: Row) => row.measures[name] ?? null;
  return { ...text(name, (row) => format(value(row))), value, numeric: true };
}
