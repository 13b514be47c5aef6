// Differences between versions, and the three-way meeting of two people"s changes: nothing is overwritten silently.
//
//   const merge = threeWay(base, mine, theirs);
//   merge.conflicts  →  fields that both changed, for the person to choose
//   merge.merged     →  every other field, with both people"s changes in it

export interface FieldValue {
  key: string;
  label: string;
  value: string;
}
export interface Change {
  key: string;
  label: string;
  before: string;
  after: string;
}
export interface FieldConflict {
  key: string;
  label: string;
  base: string;
  mine: string;
  theirs: string;
}
export interface Merge {
  conflicts: FieldConflict[];
  mineOnly: Change[];
  theirsOnly: Change[];
  merged: Record<string, string>;
}

const same = (a: string, b: string): boolean => a.trim() === b.trim();
const byKey = (fields: FieldValue[]): Map<string, FieldValue> => new Map(fields.map((field) => [field.key, field]));

export function changesBetween(before: FieldValue[], after: FieldValue[]): Change[] {
  const old = byKey(before);
  const now = byKey(after);
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((key) => {
    const was = old.get(key)?.value ?? "";
    const is = now.get(key)?.value ?? "";
    return same(was, is) ? [] : [{ key, label: now.get(key)?.label ?? old.get(key)?.label ?? key, before: was, after: is }];
  });
}

export function threeWay(base: FieldValue[], mine: FieldValue[], theirs: FieldValue[]): Merge {
  const out: Merge = { conflicts: [], mineOnly: [], theirsOnly: [], merged: {} };
  const [b, m, t] = [byKey(base), byKey(mine), byKey(theirs)];
  for (const key of new Set([...b.keys(), ...m.keys(), ...t.keys()])) {
    const was = b.get(key)?.value ?? "";
    const my = m.get(key)?.value ?? was;
    const their = t.get(key)?.value ?? was;
    const label = m.get(key)?.label ?? t.get(key)?.label ?? b.get(key)?.label ?? key;
    if (same(my, their)) out.merged[key] = their;
    else if (same(my, was)) {
      out.theirsOnly.push({ key, label, before: was, after: their });
      out.merged[key] = their;
    } else if (same(their, was)) {
      out.mineOnly.push({ key, label, before: was, after: my });
      out.merged[key] = my;
    } else out.conflicts.push({ key, label, base: was, mine: my, theirs: their });
  }
  return out;
}
