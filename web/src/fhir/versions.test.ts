import { expect, test } from "vitest";
import { changesBetween, threeWay, type FieldValue } from "./versions.ts";

const fields = (values: Record<string, string>): FieldValue[] => Object.entries(values).map(([key, value]) => ({ key, label: key.toUpperCase(), value }));

test("what each alone changed is kept, what both changed is for the person to choose", () => {
  const merge = threeWay(fields({ a: "1", b: "1", c: "1", d: "1" }), fields({ a: "2", b: "1", c: "2", d: "3" }), fields({ a: "1", b: "2", c: "3", d: "3" }));
  expect(merge.merged).toEqual({ a: "2", b: "2", d: "3" });
  expect(merge.conflicts).toEqual([{ key: "c", label: "C", base: "1", mine: "2", theirs: "3" }]);
  expect(merge.mineOnly.map((one) => one.key)).toEqual(["a"]);
  expect(merge.theirsOnly.map((one) => one.key)).toEqual(["b"]);
});

test("white space at the ends is no change", () => {
  expect(threeWay(fields({ a: "x" }), fields({ a: "x \n" }), fields({ a: "y" })).merged).toEqual({ a: "y" });
  expect(changesBetween(fields({ a: "x" }), fields({ a: " x" }))).toEqual([]);
});

test("a field that only one version has counts as empty in the other", () => {
  expect(changesBetween(fields({}), fields({ a: "new" }))).toEqual([{ key: "a", label: "A", before: "", after: "new" }]);
  expect(changesBetween(fields({ a: "old" }), fields({}))).toEqual([{ key: "a", label: "A", before: "old", after: "" }]);
});

test("property: nobody's change is ever lost in a merge", () => {
  let seed = 7;
  const random = (n: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
  for (let round = 0; round < 500; ++round) {
    const [base, mine, theirs] = [0, 1, 2].map(() => fields(Object.fromEntries(["a", "b", "c"].map((key) => [key, String(random(3))]))));
    const merge = threeWay(base!, mine!, theirs!);
    for (const key of ["a", "b", "c"]) {
      const at = (all: FieldValue[]) => all.find((one) => one.key === key)!.value;
      const [was, my, their] = [at(base!), at(mine!), at(theirs!)];
      const conflict = merge.conflicts.some((one) => one.key === key);
      expect(conflict).toBe(my !== was && their !== was && my !== their);
      if (!conflict) expect(merge.merged[key]).toBe(my !== was ? my : their);
    }
  }
});
