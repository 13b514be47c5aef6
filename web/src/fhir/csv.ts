/* CSV that a spreadsheet opens as it was meant: quoted where needed, and no cell is taken for a formula. */

export type Cell = string | number;

function cell(value: Cell): string {
  if (typeof value === "number") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Rows ended by CRLF (RFC 4180), with a byte order mark so that Excel reads UTF-8. */
export function csv(rows: readonly (readonly Cell[])[]): string {
  return "\uFEFF" + rows.map((row) => row.map(cell).join(",") + "\r\n").join("");
}
