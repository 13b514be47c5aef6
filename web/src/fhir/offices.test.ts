import { expect, test } from "vitest";
import { isInCare, navigation } from "./offices.ts";

const to = (...roles: string[]) => navigation({ kind: "worker", roles }).map((one) => one.to);

test("each office has what is its own, and nothing that it cannot see", () => {
  expect(to("guardian")).toEqual(["/guardian", "/team", "/referrals/services"]);
  expect(to("administrator")).toEqual(["/office", "/team", "/referrals/services"]);
  expect(to("analyst")).toEqual(["/team"]);
  expect(to("board")).toEqual(["/team"]);
  expect(to("guardian", "administrator")).toEqual(["/guardian", "/office", "/team", "/referrals/services"]);
  expect(to("nurse")).toEqual(["/my-day", "/cases/find", "/cases", "/meeting", "/referrals", "/team"]);
});

test("who looks after people too begins with their day", () => {
  expect(to("gp", "guardian")[0]).toBe("/my-day");
  expect(to("gp", "guardian")).toContain("/guardian");
  expect(isInCare({ kind: "worker", roles: ["guardian"] })).toBe(false);
});

test("people and who acts for them have their own page alone", () => {
  for (const kind of ["person", "proxy"] as const) expect(navigation({ kind, roles: [kind] }).map((one) => one.to)).toEqual(["/me"]);
});
