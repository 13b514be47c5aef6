// Dates, times, NHS numbers and names as they are written on every page.
//   date("2026-11-19") → "19 Nov 2026"; nhsNumber("9434765919") → "943 476 5919"; name(patient) → "SMITH, Jane (Mrs)"
// Dates: the NHS service manual's day, month in letters, year. Names: family name in capitals first, so that it is never taken
// for a given name (NHS common user interface guidance, Patient Name Input and Display).

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const longMonths = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/** A civil date or instant of FHIR: "2026", "2026-11", "2026-11-19" or with a time. Local time of whoever reads. */
export function date(text: string | undefined | null, { long = false } = {}): string {
  if (!text) return "";
  const names = long ? longMonths : months;
  const match = /^(\d{4})(?:-(\d\d))?(?:-(\d\d))?(T.*)?$/.exec(text);
  if (!match) return text;
  const [, year, month, day, time] = match;
  if (time) {
    const at = new Date(text);
    if (!Number.isNaN(at.getTime())) return `${at.getDate()} ${names[at.getMonth()]} ${at.getFullYear()}`;
  }
  if (!month) return year ?? "";
  if (!day) return `${names[Number(month) - 1]} ${year}`;
  return `${Number(day)} ${names[Number(month) - 1]} ${year}`;
}

/** "5:30pm", "midday", "midnight". */
export function time(text: string | Date | undefined | null): string {
  if (!text) return "";
  const at = text instanceof Date ? text : new Date(text);
  if (Number.isNaN(at.getTime())) return "";
  const hour = at.getHours();
  const minute = at.getMinutes();
  if (minute === 0 && hour === 0) return "midnight";
  if (minute === 0 && hour === 12) return "midday";
  const twelve = hour % 12 === 0 ? 12 : hour % 12;
  return `${twelve}${minute ? `:${String(minute).padStart(2, "0")}` : ""}${hour < 12 ? "am" : "pm"}`;
}

export function dateTime(text: string | undefined | null): string {
  if (!text) return "";
  return text.includes("T") ? `${date(text)}, ${time(text)}` : date(text);
}

/** Instants inside a sentence that a machine wrote, as people write them. */
export function readable(sentence: string): string {
  return sentence.replace(/\b\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?/g, (found) => dateTime(found));
}

/** The local civil day of now, as FHIR writes it. */
export function today(now = new Date()): string {
  return `${now.getFullYear()}-${String(now.getMonth() + 1).padStart(2, "0")}-${String(now.getDate()).padStart(2, "0")}`;
}

export function addDays(day: string, days: number): string {
  const at = new Date(`${day}T12:00:00`);
  at.setDate(at.getDate() + days);
  return today(at);
}

export function daysBetween(from: string, to: string): number {
  const noon = (text: string) => Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)) - 1, Number(text.slice(8, 10)));
  return Math.round((noon(to) - noon(from)) / 86_400_000);
}

/** "today", "tomorrow", "3 days ago", "in 12 days": to stand beside a date, never instead of it. */
export function relative(day: string, now = today()): string {
  const days = daysBetween(now, day.slice(0, 10));
  if (days === 0) return "today";
  if (days === 1) return "tomorrow";
  if (days === -1) return "yesterday";
  return days > 0 ? `in ${days} days` : `${-days} days ago`;
}

/** How long ago an instant was: "just now", "5 minutes ago", "3 hours ago", "2 days ago". */
export function ago(instant: string, now = Date.now()): string {
  const minutes = Math.floor((now - new Date(instant).getTime()) / 60_000);
  if (Number.isNaN(minutes)) return "";
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} ${minutes === 1 ? "minute" : "minutes"} ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} ${hours === 1 ? "hour" : "hours"} ago`;
  return `${Math.floor(hours / 24)} days ago`;
}

export function nhsNumber(digits: string | undefined): string {
  if (!digits || !/^\d{10}$/.test(digits)) return digits ?? "";
  return `${digits.slice(0, 3)} ${digits.slice(3, 6)} ${digits.slice(6)}`;
}

export function nhsNumberOf(patient: fhir4.Patient): string {
  return nhsNumber(patient.identifier?.find((one) => one.system === "https://fhir.nhs.uk/Id/nhs-number")?.value);
}

function chosenName(names: fhir4.HumanName[] | undefined): fhir4.HumanName | undefined {
  return names?.find((one) => one.use === "official") ?? names?.find((one) => one.use === "usual") ?? names?.[0];
}

/** A person looked after: "SMITH, Jane (Mrs)". */
export function name(of: { name?: fhir4.HumanName[] } | undefined): string {
  const one = chosenName(of?.name);
  if (!one) return "Name not known";
  const given = one.given?.[0] ?? "";
  const title = one.prefix?.[0] ? ` (${one.prefix[0].replace(/\.$/, "")})` : "";
  if (!one.family) return given || one.text || "Name not known";
  return given ? `${one.family.toUpperCase()}, ${given}${title}` : `${one.family.toUpperCase()}${title}`;
}

/** Somebody as they would be spoken of: "Jane Smith". Workers, and people on their own page. */
export function plainName(of: { name?: fhir4.HumanName[] } | undefined): string {
  const one = chosenName(of?.name);
  if (!one) return "Name not known";
  return one.text ?? [one.given?.[0], one.family].filter(Boolean).join(" ");
}

export function age(birthDate: string | undefined, on = today()): string {
  if (!birthDate) return "";
  let years = Number(on.slice(0, 4)) - Number(birthDate.slice(0, 4));
  if (birthDate.length >= 10 && on.slice(5) < birthDate.slice(5, 10)) years -= 1;
  return `${years}`;
}

/** "Born 3 Apr 1941 (85 years)". */
export function born(patient: fhir4.Patient): string {
  if (!patient.birthDate) return "Date of birth not known";
  const died = patient.deceasedDateTime;
  return `Born ${date(patient.birthDate)} (${age(patient.birthDate, died?.slice(0, 10))} years${died ? " at death" : ""})`;
}
