import type { ReactNode } from "react";

export interface Column<T> {
  key: string;
  head: ReactNode;
  cell: (row: T) => ReactNode;
  numeric?: boolean;
}

/** A table with a caption; on a narrow screen each row becomes a block whose cells name their column. */
export function Table<T>({ caption, columns, rows, rowKey, empty, hideCaption }: {
  caption: ReactNode;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string;
  empty?: ReactNode;
  hideCaption?: boolean;
}) {
  if (rows.length === 0 && empty) return <>{empty}</>;
  return (
    <table role="table" className="nhsuk-table-responsive">
      <caption className={hideCaption ? "nhsuk-u-visually-hidden" : "nhsuk-table__caption nhsuk-table__caption--m"}>{caption}</caption>
      <thead className="nhsuk-table__head" role="rowgroup">
        <tr role="row">
          {columns.map((one) => (
            <th role="columnheader" scope="col" key={one.key} className={one.numeric ? "nhsuk-table__header nhsuk-table__header--numeric" : "nhsuk-table__header"}>
              {one.head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody className="nhsuk-table__body">
        {rows.map((row) => (
          <tr role="row" className="nhsuk-table__row" key={rowKey(row)}>
            {columns.map((one) => (
              <td role="cell" className={one.numeric ? "nhsuk-table__cell nhsuk-table__cell--numeric" : "nhsuk-table__cell"} key={one.key}>
                <span className="nhsuk-table-responsive__heading" aria-hidden="true">
                  {one.head}{" "}
                </span>
                {one.cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
