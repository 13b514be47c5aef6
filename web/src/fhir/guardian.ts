// What a guardian has to review, in words: emergency accesses, agreements. Pure: no network, no clock of its own.
//
//   const { waiting, reviewed } = sorted(emergenciesOf(parameters));
//   dueWords("2026-11-25T09:00:00Z", now)     // { words: "Overdue by 3 hours", isOverdue: true }
import { localReference } from "./record.ts";

export interface Emergency {
  number: number;
  user: string; // the account
  practitioner: string; // Practitioner/…
  organisation: string; // its code
  patient: string; // Patient/…
  reason: string;
  from: string;
  until: string;
  reviewDue: string;
  reviewed: string; // "": not yet
  reviewer: string;
  reviewerPractitioner: string;
  outcome: string; // justified, not_justified
  comment: string;
}

/** $emergencies: emergency[]. */
export function emergenciesOf(parameters: fhir4.Parameters): Emergency[] {
  return (parameters.parameter ?? [])
    .filter((one) => one.name === "emergency")
    .map((one) => {
      const part = (name: string) => one.part?.find((each) => each.name === name);
      const text = (name: string) => part(name)?.valueString ?? part(name)?.valueCode ?? "";
      const instant = (name: string) => part(name)?.valueInstant ?? "";
      return {
        number: part("number")?.valueInteger ?? 0,
        user: text("user"),
        practitioner: localReference(part("practitioner")?.valueReference),
        organisation: text("organisation"),
        patient: localReference(part("patient")?.valueReference),
        reason: text("reason"),
        from: instant("from"),
        until: instant("until"),
        reviewDue: instant("review-due"),
        reviewed: instant("reviewed"),
        reviewer: text("reviewer"),
        reviewerPractitioner: localReference(part("reviewer-practitioner")?.valueReference),
        outcome: text("outcome"),
        comment: text("comment"),
      };
    });
}

/** What waits, the longest overdue first; what is reviewed, the latest first. */
export function sorted(all: readonly Emergency[]): { waiting: Emergency[]; reviewed: Emergency[] } {
  return {
    waiting: all.filter((one) => !one.reviewed).sort((a, b) => a.reviewDue.localeCompare(b.reviewDue) || a.number - b.number),
    reviewed: all.filter((one) => one.reviewed).sort((a, b) => b.reviewed.localeCompare(a.reviewed) || b.number - a.number),
  };
}

function span(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  const words = (count: number, one: string) => `${count} ${one}${count === 1 ? "" : "s"}`;
  if (minutes < 1) return "less than a minute";
  if (minutes < 60) return words(minutes, "minute");
  if (minutes < 48 * 60) return words(Math.floor(minutes / 60), "hour");
  return words(Math.round(minutes / (24 * 60)), "day");
}

/** How long until a review is due, or for how long it has been overdue. One without a time is overdue: silence is not on time. */
export function dueWords(due: string, now: number): { words: string; isOverdue: boolean } {
  const left = Date.parse(due) - now;
  if (Number.isNaN(left)) return { words: "Overdue", isOverdue: true };
  return left < 0 ? { words: `Overdue by ${span(-left)}`, isOverdue: true } : { words: `Due in ${span(left)}`, isOverdue: false };
}

export interface Agreement {
  id: string;
  title: string;
  partner: string;
  purpose: string;
  from: string;
  until: string;
  state: "not yet" | "in force" | "ended";
  terms: string;
  basis: string;
  assessment: string;
}

const purposes: Readonly<Record<string, string>> = { direct_care: "Direct care", secondary_use: "Planning and evaluation" };

/** A Contract of the register, which the server keeps as a rendering of the place's agreements. */
export function agreementsOf(contracts: readonly fhir4.Contract[], name: (reference: string) => string | undefined): Agreement[] {
  return contracts
    .map((one): Agreement => {
      const subject = one.subject?.[0];
      const basis = one.legal?.map((each) => each.contentAttachment?.title ?? "").filter(Boolean) ?? [];
      return {
        id: one.id ?? "",
        title: one.title ?? "Sharing agreement",
        partner: subject?.display ?? name(subject?.reference ?? "") ?? subject?.identifier?.value ?? "A partner that is not named",
        purpose: purposes[one.scope?.text ?? ""] ?? one.scope?.text ?? "Not recorded",
        from: one.applies?.start ?? "",
        until: one.applies?.end ?? "",
        state: one.status === "executed" ? "in force" : one.status === "executable" ? "not yet" : "ended",
        terms: one.term?.map((each) => each.offer.text ?? "").filter(Boolean).join(" ") ?? "",
        basis: basis.join(", ") || "Not recorded",
        assessment: one.supportingInfo?.map((each) => (each.display ?? "").replace(/^Data protection impact assessment: /, "")).filter(Boolean).join(", ") || "Not recorded",
      };
    })
    .sort((a, b) => Number(a.state === "ended") - Number(b.state === "ended") || a.partner.localeCompare(b.partner, "en-GB") || a.purpose.localeCompare(b.purpose));
}
