// Running a Questionnaire: what to ask next (skip logic), what is wrong with an answer, the response to keep, the scores.
//
//   const pages = pagesOf(questionnaire);
//   visible(pages[0].items, answers)          →  the questions that enableWhen leaves
//   problemsOf(pages[0], answers)             →  [{ linkId, sentence }] for the error summary
//   responseOf(questionnaire, answers, …)     →  the QuestionnaireResponse
//   scoresOf(questionnaire, answers)          →  the same numbers as the server writes as Observations
import type {
  Coding,
  Questionnaire,
  QuestionnaireItem,
  QuestionnaireItemEnableWhen,
  QuestionnaireResponse,
  QuestionnaireResponseItem,
  QuestionnaireResponseItemAnswer,
  Reference,
} from "fhir/r4";
import { extensionOf, extensionsOf, partText } from "./extensions.ts";

export type Answer = string | number | boolean | Coding;
/** Every answer given, by linkId; a question that takes several has several. */
export type Answers = Readonly<Record<string, readonly Answer[]>>;

export interface Page {
  linkId: string;
  title: string;
  items: QuestionnaireItem[];
  enableWhen: QuestionnaireItem;
}

/** One page a group at the top; what stands outside a group shares a page. */
export function pagesOf(questionnaire: Questionnaire): Page[] {
  const pages: Page[] = [];
  for (const item of questionnaire.item ?? []) {
    if (item.type === "group") pages.push({ linkId: item.linkId, title: item.text ?? "", items: item.item ?? [], enableWhen: item });
    else {
      const last = pages[pages.length - 1];
      if (last && last.linkId.startsWith("·")) last.items.push(item);
      else pages.push({ linkId: `·${item.linkId}`, title: questionnaire.title ?? "", items: [item], enableWhen: { linkId: `·${item.linkId}`, type: "group" } });
    }
  }
  return pages;
}

const isCoding = (answer: Answer): answer is Coding => typeof answer === "object";
const isGiven = (answer: Answer): boolean => (typeof answer === "string" ? answer.trim() !== "" : isCoding(answer) ? Boolean(answer.code ?? answer.display) : typeof answer === "number" ? !Number.isNaN(answer) : true);
export const given = (answers: Answers, linkId: string): Answer[] => (answers[linkId] ?? []).filter(isGiven);

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isMet(when: QuestionnaireItemEnableWhen, answers: Answers): boolean {
  const there = given(answers, when.question);
  if (when.operator === "exists") return there.length > 0 === (when.answerBoolean ?? true);
  const coding = when.answerCoding;
  if (coding) {
    const found = there.some((one) => isCoding(one) && one.code === coding.code && (!coding.system || !one.system || one.system === coding.system));
    return when.operator === "=" ? found : when.operator === "!=" ? there.length > 0 && !found : false;
  }
  const wanted = when.answerBoolean ?? when.answerDecimal ?? when.answerInteger ?? when.answerDate ?? when.answerDateTime ?? when.answerTime ?? when.answerString ?? when.answerQuantity?.value;
  if (wanted === undefined) return false;
  if (typeof wanted === "boolean") {
    const found = there.some((one) => one === wanted);
    return when.operator === "=" ? found : there.length > 0 && !found;
  }
  const number = typeof wanted === "number";
  const orders = there.map((one) => compare(number ? Number(one) : String(one), wanted)).filter((_, i) => !number || !Number.isNaN(Number(there[i])));
  switch (when.operator) {
    case "=":
      return orders.some((one) => one === 0);
    case "!=":
      return orders.length > 0 && orders.every((one) => one !== 0);
    case ">":
      return orders.some((one) => one > 0);
    case "<":
      return orders.some((one) => one < 0);
    case ">=":
      return orders.some((one) => one >= 0);
    default:
      return orders.some((one) => one <= 0);
  }
}

/** The answers that count: a question that the skip logic hides takes its answer with it. */
export function counted(questionnaire: Questionnaire, answers: Answers): Answers {
  let now: Answers = answers;
  // A hidden question may hide another: again until nothing changes.
  for (let round = 0; round < 20; ++round) {
    const kept: Record<string, readonly Answer[]> = {};
    const walk = (items: QuestionnaireItem[] | undefined) => {
      for (const item of items ?? []) {
        if (!isEnabled(item, now)) continue;
        const there = now[item.linkId];
        if (there) kept[item.linkId] = there;
        walk(item.item);
      }
    };
    walk(questionnaire.item);
    if (Object.keys(kept).length === Object.keys(now).length) return kept;
    now = kept;
  }
  return now;
}

export function isEnabled(item: QuestionnaireItem, answers: Answers): boolean {
  const whens = item.enableWhen ?? [];
  if (whens.length === 0) return true;
  return item.enableBehavior === "any" ? whens.some((when) => isMet(when, answers)) : whens.every((when) => isMet(when, answers));
}

/** The questions now to be shown, groups opened up, in order. */
export function visible(items: QuestionnaireItem[], answers: Answers): QuestionnaireItem[] {
  return items.filter((item) => isEnabled(item, answers)).flatMap((item) => [item, ...visible(item.item ?? [], answers)]);
}

export const visiblePages = (pages: Page[], answers: Answers): Page[] => pages.filter((page) => isEnabled(page.enableWhen, answers) && visible(page.items, answers).length > 0);

export interface Problem {
  linkId: string;
  sentence: string;
}

const limit = (item: QuestionnaireItem, name: string): number | string | undefined => {
  const found = extensionOf(item, `http://hl7.org/fhir/StructureDefinition/${name}`);
  return found?.valueInteger ?? found?.valueDecimal ?? found?.valueDate;
};
const questionText = (item: QuestionnaireItem): string => (item.text ?? "").replace(/[?.:]\s*$/, "");

function problemOf(item: QuestionnaireItem, answers: Answers): string | undefined {
  if (item.type === "group" || item.type === "display") return undefined;
  const there = given(answers, item.linkId);
  const chosen = item.type === "choice" || item.type === "open-choice" || item.type === "boolean";
  if (there.length === 0) return item.required ? `${chosen ? "Select an answer to" : "Enter an answer to"} “${questionText(item)}”` : undefined;
  const first = there[0]!;
  if (item.type === "integer" && !/^[+-]?\d+$/.test(String(first).trim())) return `“${questionText(item)}” must be a whole number, like 12`;
  if (item.type === "decimal" && !/^[+-]?\d+(\.\d+)?$/.test(String(first).trim())) return `“${questionText(item)}” must be a number, like 12.5`;
  if (item.type === "date" && !isRealDate(String(first))) return `“${questionText(item)}” must be a real date, like 27 3 2026`;
  if (item.type === "integer" || item.type === "decimal") {
    const [low, high] = [limit(item, "minValue"), limit(item, "maxValue")];
    if (typeof low === "number" && Number(first) < low) return `“${questionText(item)}” must be ${low} or more`;
    if (typeof high === "number" && Number(first) > high) return `“${questionText(item)}” must be ${high} or less`;
  }
  if (item.maxLength && typeof first === "string" && first.length > item.maxLength) return `“${questionText(item)}” must be ${item.maxLength} characters or fewer`;
  return undefined;
}

export function isRealDate(written: string): boolean {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(written);
  if (!parts) return false;
  const date = new Date(`${written}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === written;
}

export const problemsOf = (page: Page, answers: Answers): Problem[] =>
  visible(page.items, answers).flatMap((item) => {
    const sentence = problemOf(item, answers);
    return sentence ? [{ linkId: item.linkId, sentence }] : [];
  });

export interface Option {
  key: string;
  label: string;
  value: Answer;
  ordinal?: number;
}
const ordinalUrl = "http://hl7.org/fhir/StructureDefinition/ordinalValue";

export function optionsOf(item: QuestionnaireItem): Option[] {
  if (item.type === "boolean")
    return [
      { key: "true", label: "Yes", value: true },
      { key: "false", label: "No", value: false },
    ];
  return (item.answerOption ?? []).map((option) => {
    const value: Answer = option.valueCoding ?? option.valueString ?? option.valueInteger ?? option.valueDate ?? "";
    const ordinal = extensionOf(option, ordinalUrl)?.valueDecimal ?? (option.valueCoding ? extensionOf(option.valueCoding, ordinalUrl)?.valueDecimal : undefined);
    return {
      key: keyOf(value),
      label: isCoding(value) ? (value.display ?? value.code ?? "") : String(value),
      value: isCoding(value) ? bare(value) : value,
      ...(ordinal === undefined ? {} : { ordinal }),
    };
  });
}
const bare = ({ system, code, display }: Coding): Coding => ({ ...(system ? { system } : {}), ...(code ? { code } : {}), ...(display ? { display } : {}) });
export const keyOf = (answer: Answer): string => (isCoding(answer) ? `${answer.system ?? ""}|${answer.code ?? answer.display ?? ""}` : String(answer));
export const answerWords = (answer: Answer): string => (isCoding(answer) ? (answer.display ?? answer.code ?? "") : answer === true ? "Yes" : answer === false ? "No" : String(answer));

// The response.

function writtenAnswer(item: QuestionnaireItem, answer: Answer): QuestionnaireResponseItemAnswer {
  if (isCoding(answer)) return { valueCoding: answer };
  if (typeof answer === "boolean") return { valueBoolean: answer };
  switch (item.type) {
    case "integer":
      return { valueInteger: Number(answer) };
    case "decimal":
      return { valueDecimal: Number(answer) };
    case "date":
      return { valueDate: String(answer) };
    case "boolean":
      return { valueBoolean: answer === "true" };
    case "choice":
      return typeof answer === "number" ? { valueInteger: answer } : { valueString: answer };
    default:
      return { valueString: String(answer).trim() };
  }
}

function responseItems(items: QuestionnaireItem[] | undefined, answers: Answers): QuestionnaireResponseItem[] {
  return (items ?? []).flatMap((item) => {
    if (!isEnabled(item, answers) || item.type === "display") return [];
    const inside = responseItems(item.item, answers);
    const there = given(answers, item.linkId).map((one) => writtenAnswer(item, one));
    if (inside.length === 0 && there.length === 0) return [];
    const first = there[0];
    // Questions inside a question belong to its answer; those inside a group to the group.
    const nested = item.type !== "group" && first && inside.length > 0 ? [{ ...first, item: inside }, ...there.slice(1)] : there;
    return [{ linkId: item.linkId, ...(item.text ? { text: item.text } : {}), ...(nested.length > 0 ? { answer: nested } : {}), ...(item.type === "group" && inside.length > 0 ? { item: inside } : {}) }];
  });
}

export function responseOf(questionnaire: Questionnaire, answers: Answers, patient: string, author?: Reference, now = new Date()): QuestionnaireResponse {
  const kept = counted(questionnaire, answers);
  const item = responseItems(questionnaire.item, kept);
  return {
    resourceType: "QuestionnaireResponse",
    questionnaire: questionnaire.url ? `${questionnaire.url}${questionnaire.version ? `|${questionnaire.version}` : ""}` : `Questionnaire/${questionnaire.id ?? ""}`,
    status: "completed",
    subject: { reference: `Patient/${patient}` },
    authored: now.toISOString(),
    ...(author ? { author } : {}),
    ...(item.length > 0 ? { item } : {}),
  };
}

const readAnswer = (answer: QuestionnaireResponseItemAnswer): Answer | undefined =>
  answer.valueCoding ?? answer.valueBoolean ?? answer.valueDecimal ?? answer.valueInteger ?? answer.valueDate ?? answer.valueDateTime ?? answer.valueString ?? answer.valueQuantity?.value;

export function answersOf(response: QuestionnaireResponse): Answers {
  const out: Record<string, Answer[]> = {};
  const walk = (items: QuestionnaireResponseItem[] | undefined) => {
    for (const item of items ?? []) {
      const there = (item.answer ?? []).flatMap((one) => readAnswer(one) ?? []);
      if (there.length > 0) out[item.linkId] = [...(out[item.linkId] ?? []), ...there];
      walk(item.item);
      for (const answer of item.answer ?? []) walk(answer.item);
    }
  };
  walk(response.item);
  return out;
}

// Scores.

export interface ScoreRule {
  code: string;
  title: string;
  items: string[];
  method: string;
}
export interface Score extends ScoreRule {
  value: number | undefined;
  answered: number;
}

export const scoreRules = (questionnaire: Questionnaire): ScoreRule[] =>
  extensionsOf(questionnaire, "urn:joinedup:score").map((one) => ({
    code: partText(one, "code"),
    title: partText(one, "title"),
    method: partText(one, "method") || "sum",
    items: extensionsOf(one, "item").flatMap((item) => item.valueString ?? item.valueCode ?? []),
  }));

function everyItem(questionnaire: Questionnaire): Map<string, QuestionnaireItem> {
  const out = new Map<string, QuestionnaireItem>();
  const walk = (items: QuestionnaireItem[] | undefined) => {
    for (const item of items ?? []) out.set(item.linkId, item), walk(item.item);
  };
  walk(questionnaire.item);
  return out;
}

function valueOf(item: QuestionnaireItem, answer: Answer): number | undefined {
  const option = optionsOf(item).find((one) => keyOf(one.value) === keyOf(answer));
  if (option?.ordinal !== undefined) return option.ordinal;
  if (typeof answer === "boolean") return answer ? 1 : 0;
  if (isCoding(answer)) return undefined;
  const number = Number(answer);
  return String(answer).trim() === "" || Number.isNaN(number) ? undefined : number;
}

const highest = (item: QuestionnaireItem): number => {
  const ordinals = optionsOf(item).flatMap((one) => one.ordinal ?? []);
  const most = limit(item, "maxValue");
  return ordinals.length > 0 ? (item.repeats ? ordinals.filter((one) => one > 0).reduce((a, b) => a + b, 0) : Math.max(...ordinals)) : typeof most === "number" ? most : 0;
};

/** A score stands only where every question of it that is shown has an answer: half a score would read as a low one. */
export function scoresOf(questionnaire: Questionnaire, answers: Answers): Score[] {
  const kept = counted(questionnaire, answers);
  const items = everyItem(questionnaire);
  const shown = new Set(visible(questionnaire.item ?? [], kept).map((item) => item.linkId));
  return scoreRules(questionnaire).map((rule) => {
    const asked = rule.items.flatMap((linkId) => (shown.has(linkId) ? (items.get(linkId) ?? []) : []));
    const values = asked.flatMap((item) => {
      const each = given(kept, item.linkId).flatMap((one) => valueOf(item, one) ?? []);
      return each.length > 0 ? [each.reduce((a, b) => a + b, 0)] : [];
    });
    const whole = asked.length > 0 && values.length === asked.length;
    const sum = values.reduce((a, b) => a + b, 0);
    const top = asked.reduce((all, item) => all + highest(item), 0);
    const value = !whole ? undefined : rule.method === "mean" ? sum / values.length : rule.method === "percent-of-max" ? (top > 0 ? (100 * sum) / top : undefined) : sum;
    return { ...rule, value, answered: values.length };
  });
}

export interface TrendPoint {
  date: string;
  value: number;
}
/** A sentence for those who do not see the chart. */
export function trendSentence(title: string, points: TrendPoint[], words: (date: string) => string): string {
  const sorted = [...points].sort((a, b) => a.date.localeCompare(b.date));
  const last = sorted[sorted.length - 1];
  const first = sorted[0];
  if (!last || !first) return `${title}: no score yet.`;
  const show = (value: number) => String(Math.round(value * 10) / 10);
  if (sorted.length === 1) return `${title} was ${show(last.value)} on ${words(last.date)}. There is no earlier score to compare it with.`;
  const step = last.value - first.value;
  const way = step === 0 ? "the same as" : step > 0 ? `${show(step)} higher than` : `${show(-step)} lower than`;
  return `${title} was ${show(last.value)} on ${words(last.date)}, ${way} the first of ${sorted.length} scores on ${words(first.date)}.`;
}
