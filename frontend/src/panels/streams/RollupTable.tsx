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
          rowKey={(row) => rollup.dimensions.map((name) => String(row[name])).join("/")}
        />
      )}
    </Panel>
  );
}

function columns(rollup: RollupColumns): Column<Row>[] {
  const texts = [...rollup.dimensions, ...rollup.labels].map((name) => column(name, (value) => String(value ?? "")));
  const numbers = rollup.measures.map(({ name }) => number(name, precise));
  const shares = rollup.derived.map((name) => number(name, name.endsWith("_rate") ? percent : precise));
  return [...texts, ...numbers, ...shares];
}

function column(name: string, cell: (value: Row[string] | undefined) => string): Column<Row> {
  const header = name.replaceAll("_", " ");
  return { id: name, header, value: (row) => row[name] ?? null, cell: (row) => cell(row[name]) };
}

function number(name: string, format: (value: number | null) => string): Column<Row> {
  return { ...column(name, (value) => format(typeof value === "number" ? value : null)), numeric: true };
}
