import type { ReactElement } from "react";

import type { Trending } from "../../api/model";
import { useTrending } from "../../api/queries/useTrending";
import { count, percent } from "../../format/number";
import { DataTable, type Column } from "../../ui/DataTable";
import { Panel } from "../../ui/Panel";
import { lastMinutes } from "../scope";
import "./trending.css";

const COLUMNS: readonly Column<Trending>[] = [
  { id: "title", header: "Title", value: (row) => row.title, cell: (row) => <Title row={row} /> },
  {
    id: "downloads",
    header: "Downloads",
    value: (row) => row.total_downloads,
    cell: (row) => count(row.total_downloads),
    numeric: true,
  },
  {
    id: "failed",
    header: "Failed",
    value: (row) => row.failed_downloads,
    cell: (row) => count(row.failed_downloads),
    numeric: true,
  },
  {
    id: "success",
    header: "Success",
    value: (row) => row.success_rate,
    cell: (row) => percent(row.success_rate),
    numeric: true,
  },
];

export function TrendingTable({ minutes }: { minutes: number }): ReactElement {
  return (
    <Panel
      id="trending"
      title="Trending"
      scope={lastMinutes(minutes)}
      query={useTrending(minutes)}
      isEmpty={({ data }) => data.length === 0}
      empty={`Nothing was downloaded in the ${lastMinutes(minutes)}.`}
    >
      {({ data }) => (
        <DataTable
          id="trending"
          caption="Content with the most downloads"
          columns={COLUMNS}
          rows={data}
          rowKey={(row) => row.content_id}
        />
      )}
    </Panel>
  );
}

function Title({ row }: { row: Trending }): ReactElement {
  const title = row.title ?? row.content_id;
  return (
    <span className="trending-title" title={`${title} (${row.content_id})`}>
      {title}
    </span>
  );
}
