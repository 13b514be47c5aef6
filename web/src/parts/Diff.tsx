import { Fragment } from "react";

export type Piece = { kind: "same" | "added" | "removed"; text: string };

/** What changed from one text to another, word by word (longest common subsequence). */
export function differences(before: string, after: string): Piece[] {
  const a = before.match(/\s+|[^\s]+/g) ?? [];
  const b = after.match(/\s+|[^\s]+/g) ?? [];
  if (a.length * b.length > 4_000_000) return [{ kind: "removed", text: before }, { kind: "added", text: after }];
  const width = b.length + 1;
  const length = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; --i)
    for (let j = b.length - 1; j >= 0; --j)
      length[i * width + j] = a[i] === b[j] ? (length[(i + 1) * width + j + 1] ?? 0) + 1 : Math.max(length[(i + 1) * width + j] ?? 0, length[i * width + j + 1] ?? 0);
  const pieces: Piece[] = [];
  const put = (kind: Piece["kind"], text: string) => {
    const last = pieces[pieces.length - 1];
    if (last?.kind === kind) last.text += text;
    else pieces.push({ kind, text });
  };
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) put("same", a[i++] ?? ""), ++j;
    else if (j >= b.length || (i < a.length && (length[(i + 1) * width + j] ?? 0) >= (length[i * width + j + 1] ?? 0))) put("removed", a[i++] ?? "");
    else put("added", b[j++] ?? "");
  }
  return pieces;
}

/** Two texts as one, with what went and what came marked: for eyes, for ears and in print. */
export function Diff({ before, after }: { before: string; after: string }) {
  return (
    <p className="ju-diff">
      {differences(before, after).map((piece, index) =>
        piece.kind === "same" ? (
          <Fragment key={index}>{piece.text}</Fragment>
        ) : piece.kind === "added" ? (
          <ins key={index}>
            <span className="nhsuk-u-visually-hidden"> added: </span>
            {piece.text}
          </ins>
        ) : (
          <del key={index}>
            <span className="nhsuk-u-visually-hidden"> removed: </span>
            {piece.text}
          </del>
        ),
      )}
    </p>
  );
}
