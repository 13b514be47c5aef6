// Runs a questionnaire: one page a group, skip logic, each answer kept as a draft on the server, checked beside the question,
// looked over before it is sent.
import type { QuestionnaireItem } from "fhir/r4";
import { useEffect, useRef, useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { operation, type Parameters } from "../../api/client.ts";
import { useDraft } from "../../api/drafts.ts";
import { useSession } from "../../api/session.tsx";
import { date, name } from "../../fhir/format.ts";
import { answerWords, counted, given, keyOf, optionsOf, pagesOf, problemsOf, responseOf, scoresOf, visible, visiblePages, type Answer, type Answers } from "../../fhir/questionnaire.ts";
import { announce } from "../../parts/announce.tsx";
import { DraftState } from "../../parts/DraftState.tsx";
import { Button, Checkboxes, DateInput, dateParts, ErrorSummary, isoDate, Radios, TextArea, TextField, type DateParts, type Faults } from "../../parts/form.tsx";
import { Page, Waiting } from "../../parts/Frame.tsx";
import { useQuestionnaire } from "./Assessments.tsx";
import { usePerson } from "./usePerson.ts";

interface Kept {
  answers: Record<string, Answer[]>;
  page: number;
}
const empty: Kept = { answers: {}, page: 0 };
const fieldId = (linkId: string) => `q-${linkId.replace(/[^A-Za-z0-9_-]/g, "-")}`;

function Question({ item, answers, set, error }: { item: QuestionnaireItem; answers: Answers; set: (linkId: string, given: Answer[]) => void; error: string | undefined }) {
  const there = answers[item.linkId] ?? [];
  const text = there[0] === undefined || typeof there[0] === "object" ? "" : String(there[0]);
  const shared = { id: fieldId(item.linkId), label: `${item.text ?? ""}${item.required ? "" : " (optional)"}`, error };
  const type = (value: string) => set(item.linkId, value === "" ? [] : [value]);
  switch (item.type) {
    case "display":
      return (
        <div className="nhsuk-inset-text">
          <span className="nhsuk-u-visually-hidden">Information: </span>
          <p>{item.text}</p>
        </div>
      );
    case "group":
      return <h2 className="nhsuk-heading-m">{item.text}</h2>;
    case "boolean":
    case "choice":
    case "open-choice": {
      const options = optionsOf(item);
      const choices = options.map((one) => ({ value: one.key, label: one.label }));
      const pick = (keys: string[]) => set(item.linkId, options.filter((one) => keys.includes(one.key)).map((one) => one.value));
      if (item.repeats) return <Checkboxes {...shared} choices={choices} values={there.map(keyOf)} onChange={pick} />;
      return (
        <>
          <Radios {...shared} choices={choices} value={there[0] === undefined ? "" : keyOf(there[0])} onChange={(key) => pick([key])} inline={item.type === "boolean"} />
          {!item.required && there.length > 0 && (
            <p>
              <Button kind="link" onClick={() => set(item.linkId, [])}>
                Clear the answer <span className="nhsuk-u-visually-hidden">to {item.text}</span>
              </Button>
            </p>
          )}
        </>
      );
    }
    case "integer":
      return <TextField {...shared} width={4} inputMode="numeric" value={text} onChange={type} />;
    case "decimal":
      return <TextField {...shared} width={5} inputMode="decimal" value={text} onChange={type} />;
    case "date": {
      const parts: DateParts = text.startsWith("{") ? (JSON.parse(text) as DateParts) : dateParts(text || undefined);
      return (
        <DateInput
          {...shared}
          hint="For example, 27 3 2026"
          value={parts}
          onChange={(next) => {
            if (!next.day && !next.month && !next.year) return set(item.linkId, []);
            const read = isoDate(next, "Date");
            set(item.linkId, ["iso" in read ? read.iso : JSON.stringify(next)]);
          }}
        />
      );
    }
    case "text":
      return <TextArea {...shared} value={text} onChange={type} rows={3} />;
    default:
      return <TextField {...shared} value={text} onChange={type} />;
  }
}

export function AssessmentRun() {
  const { questionnaire: wanted = "" } = useParams();
  const person = usePerson();
  const session = useSession();
  const navigate = useNavigate();
  const { questionnaire, fault } = useQuestionnaire(wanted);
  const draft = useDraft<Kept>(`assessment-${wanted}:${person.id}`, { about: `Patient/${person.id}`, empty });
  const [faults, setFaults] = useState<Faults>({});
  const [isBusy, setBusy] = useState(false);
  const busy = useRef(false);
  const head = useRef<HTMLHeadingElement>(null);
  const { answers, page: at } = draft.value;
  const wasAt = useRef(at);
  useEffect(() => {
    if (wasAt.current !== at) head.current?.focus();
    wasAt.current = at;
  }, [at]);
  const crumbs = [{ to: `/person/${person.id}/assessments`, label: "Assessments" }];
  if (fault)
    return (
      <Page title="Assessment" crumbs={crumbs}>
        <p role="alert">{fault}</p>
      </Page>
    );
  if (!questionnaire || draft.status === "loading")
    return (
      <Page title="Assessment" crumbs={crumbs}>
        <Waiting what="the questions" />
      </Page>
    );
  const pages = visiblePages(pagesOf(questionnaire), answers);
  const isLast = at >= pages.length;
  const page = pages[at];
  const set = (linkId: string, next: Answer[]) => {
    const { [linkId]: _old, ...rest } = answers;
    draft.set({ ...draft.value, answers: next.length > 0 ? { ...rest, [linkId]: next } : rest });
  };
  const go = (to: number) => {
    setFaults({});
    draft.set({ ...draft.value, page: to });
  };
  const onNext = () => {
    if (!page) return;
    const wrong = Object.fromEntries(problemsOf(page, answers).map((one) => [fieldId(one.linkId), one.sentence]));
    setFaults(wrong);
    if (Object.keys(wrong).length === 0) go(at + 1);
  };
  const submit = async () => {
    if (busy.current) return;
    // An answer on an earlier page may have opened a question that was not asked yet.
    const open = pages.findIndex((one) => problemsOf(one, answers).length > 0);
    if (open >= 0) {
      draft.set({ ...draft.value, page: open });
      return setFaults(Object.fromEntries(problemsOf(pages[open]!, answers).map((one) => [fieldId(one.linkId), one.sentence])));
    }
    busy.current = true;
    setBusy(true);
    const response = responseOf(questionnaire, answers, person.id, { reference: `Practitioner/${session.practitioner}` });
    const answer = await operation<Parameters>("QuestionnaireResponse/$submit", { response });
    busy.current = false;
    setBusy(false);
    if (!answer.ok) return setFaults({ "": answer.problem.sentence });
    await draft.discard();
    announce("The assessment is saved");
    await person.reload();
    void navigate(`/person/${person.id}/assessments`);
  };
  const kept = counted(questionnaire, answers);
  const scores = scoresOf(questionnaire, answers);
  return (
    <Page title={`${questionnaire.title ?? "Assessment"}: ${name(person.patient)}`} heading={questionnaire.title ?? "Assessment"} crumbs={crumbs}>
      <ErrorSummary faults={faults} />
      {!isLast && page ? (
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            onNext();
          }}
        >
          <p className="ju-progress">
            Part {at + 1} of {pages.length}
          </p>
          <h2 className="nhsuk-heading-m" ref={head} tabIndex={-1}>
            {page.title}
          </h2>
          {at === 0 && questionnaire.description && <p>{questionnaire.description}</p>}
          {visible(page.items, answers).map((item) => (
            <Question key={item.linkId} item={item} answers={answers} set={set} error={faults[fieldId(item.linkId)]} />
          ))}
          <DraftState draft={draft} />
          <Button type="submit">Continue</Button>{" "}
          {at > 0 && (
            <Button kind="secondary" onClick={() => go(at - 1)}>
              Back
            </Button>
          )}
        </form>
      ) : (
        <>
          <h2 className="nhsuk-heading-m" ref={head} tabIndex={-1}>
            Check the answers
          </h2>
          {pages.map((one, i) => (
            <section key={one.linkId} aria-label={one.title} className="ju-card nhsuk-u-margin-bottom-4">
              <h3 className="nhsuk-heading-s">
                {one.title}{" "}
                <Button kind="link" onClick={() => go(i)}>
                  Change <span className="nhsuk-u-visually-hidden">{one.title}</span>
                </Button>
              </h3>
              <dl>
                {visible(one.items, kept)
                  .filter((item) => given(kept, item.linkId).length > 0)
                  .map((item) => (
                    <div key={item.linkId}>
                      <dt>
                        <strong>{item.text}</strong>
                      </dt>
                      <dd className="ju-text">{given(kept, item.linkId).map((each) => (item.type === "date" ? date(String(each)) : answerWords(each))).join(", ")}</dd>
                    </div>
                  ))}
              </dl>
              {visible(one.items, kept).every((item) => given(kept, item.linkId).length === 0) && <p>Nothing was answered here.</p>}
            </section>
          ))}
          {scores.length > 0 && (
            <section aria-labelledby="scores" className="ju-card nhsuk-u-margin-bottom-4">
              <h3 id="scores" className="nhsuk-heading-s">
                Scores
              </h3>
              <ul className="nhsuk-list nhsuk-list--bullet">
                {scores.map((one) => (
                  <li key={one.code}>
                    {one.title}: {one.value === undefined ? `no score, ${one.answered} of its questions are answered` : Math.round(one.value * 10) / 10}
                  </li>
                ))}
              </ul>
            </section>
          )}
          <DraftState draft={draft} />
          <Button busy={isBusy} onClick={() => void submit()}>
            {isBusy ? "Saving" : "Save the assessment"}
          </Button>{" "}
          <Button kind="secondary" onClick={() => go(Math.max(0, pages.length - 1))}>
            Back
          </Button>
        </>
      )}
      <p>
        <Link to={`/person/${person.id}/assessments`}>Leave; what was answered is kept</Link>
      </p>
    </Page>
  );
}
