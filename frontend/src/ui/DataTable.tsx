import type { ReactElement, ReactNode } from "react";

import { raw, type Raw } from "./raw";
import "./table.css";

export interface Column<Row> {
  id: string;
  header: string;
  /** As the API has it. */
  value: (row: Row) => Raw;
  /** As it is shown. */
  cell: (row: Row) => ReactNode;
  numeric?: boolean;
}

interface DataTableProps<Row> {
  id: string;
  caption: string;
  /** The first one names the row. */
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
}

export function DataTable<Row>({ id, caption, columns, rows, rowKey }: DataTableProps<Row>): ReactElement {
  return (
    <div className="table-scroll" role="region" aria-label={caption} tabIndex={0}>
      <table className="table">
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.id} scope="col" className={align(column)}>
                {column.header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)} data-testid={`${id}-row`} data-key={rowKey(row)}>
              {columns.map((column, index) => {
                const Cell = index === 0 ? "th" : "td";
                return (
                  <Cell
                    key={column.id}
                    {...(index === 0 && { scope: "row" })}
                    className={align(column)}
                    data-testid={`${id}-${column.id}`}
                    data-value={raw(column.value(row))}
                  >
                    {column.cell(row)}
                  </Cell>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function align<Row>(column: Column<Row>): string | undefined {
  return column.numeric === true ? "table-number" : undefined;
}
