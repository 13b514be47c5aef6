import { expect, test } from "vitest";
import { differences } from "../parts/Diff.tsx";
import { isoDate } from "../parts/form.tsx";
import { addDays, age, ago, date, daysBetween, name, nhsNumber, readable, relative, time } from "./format.ts";

test("dates are written with the month in letters, as much as is known", () => {
  expect(date("2026-11-19")).toBe("19 Nov 2026");
  expect(date("2026-11-09", { long: true })).toBe("9 November 2026");
  expect(date("2026-11")).toBe("Nov 2026");
  expect(date("2026")).toBe("2026");
  expect(date("")).toBe("");
  expect(date("not a date")).toBe("not a date");
});

test("times", () => {
  const at = (hour: number, minute: number) => time(new Date(2026, 10, 19, hour, minute));
  expect([at(17, 30), at(9, 0), at(12, 0), at(0, 0), at(0, 5), at(12, 1)]).toEqual(["5:30pm", "9am", "midday", "midnight", "12:05am", "12:01pm"]);
});

test("NHS numbers in three, three and four; names with the family name first", () => {
  expect(nhsNumber("9434765919")).toBe("943 476 5919");
  expect(nhsNumber("12")).toBe("12");
  expect(name({ name: [{ family: "Smith", given: ["Jane", "Ann"], prefix: ["Mrs."] }] })).toBe("SMITH, Jane (Mrs)");
  expect(name({ name: [{ use: "nickname", given: ["Jo"] }, { use: "official", family: "O’Neil", given: ["Joan"] }] })).toBe("O’NEIL, Joan");
  expect(name({})).toBe("Name not known");
});

test("days between are civil days, summer time or not", () => {
  expect(daysBetween("2026-03-28", "2026-03-30")).toBe(2);
  expect(addDays("2026-10-24", 2)).toBe("2026-10-26");
  expect(relative("2026-11-21", "2026-11-22")).toBe("yesterday");
  expect(relative("2026-12-04", "2026-11-22")).toBe("in 12 days");
  expect(age("1941-11-23", "2026-11-22")).toBe("84");
  expect(ago("2026-11-22T11:58:00Z", Date.parse("2026-11-22T12:00:30Z"))).toBe("2 minutes ago");
});

test("a typed date is read, or the fault says how to put it right", () => {
  expect(isoDate({ day: "3", month: "4", year: "2027" }, "Review date")).toEqual({ iso: "2027-04-03" });
  expect(isoDate({ day: "3", month: "Apr", year: "2027" }, "Review date")).toEqual({ iso: "2027-04-03" });
  expect(isoDate({ day: "", month: "", year: "" }, "Review date")).toEqual({ error: "Enter the review date" });
  expect(isoDate({ day: "3", month: "", year: "2027" }, "Review date")).toEqual({ error: "Review date must include a month" });
  expect(isoDate({ day: "31", month: "2", year: "2027" }, "Review date")).toEqual({ error: "Review date must be a real date, such as 19 11 2026" });
  expect(isoDate({ day: "3", month: "4", year: "27" }, "Review date")).toHaveProperty("error");
});

test("differences of two texts give both texts back", () => {
  const before = "She wants to walk to the shop every day";
  const after = "She wants to walk to the park with Ann every day";
  const pieces = differences(before, after);
  expect(pieces.filter((one) => one.kind !== "added").map((one) => one.text).join("")).toBe(before);
  expect(pieces.filter((one) => one.kind !== "removed").map((one) => one.text).join("")).toBe(after);
  expect(pieces.filter((one) => one.kind !== "same").length).toBeGreaterThan(0);
});

test("instants in sentences become readable, other numbers stay", () => {
  expect(readable("Admitted (ZA1), recorded 2026-11-22.")).toBe("Admitted (ZA1), recorded 22 Nov 2026.");
  expect(readable("Admitted, recorded 2026-11-22T12:00:00Z; ward 2026-1")).toMatch(/^Admitted, recorded 22 Nov 2026, [0-9a-z:]+; ward 2026-1$/);
});
