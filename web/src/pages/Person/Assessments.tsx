import type { Questionnaire, QuestionnaireItem, QuestionnaireResponse } from "fhir/r4";
import { useEffect, useState } from "react";
import { Link, Route, Routes, useParams } from "react-router";
import { get } from "../../api/client.ts";
import { extensionsOf, partText } from "../../fhir/extensions.ts";
import { date, dateTime, name } from "../../fhir/format.ts";
import { questionnaireTitle, scoreSeries } from "../../fhir/person.ts";
import { answersOf, answerWords, given } from "../../fhir/questionnaire.ts";
import { Page, Waiting } from "../../parts/Frame.tsx";
import { Table } from "../../parts/Table.tsx";
import { AssessmentRun } from "./AssessmentRun.tsx";
import { Trend } from "./Trend.tsx";
import { usePerson } from "./usePerson.ts";

export default function Assessments() {
  return (
    <Routes>
      <Route index element={<AssessmentList />} />
      <Route path="new/:questionnaire" element={<AssessmentRun />} />
      <Route path=":response" element={<AssessmentShown />} />
    </Routes>
  );
}

const meaningOf = (questionnaires: Questionnaire[], code: string): string => {
  const rule = questionnaires.flatMap((one) => extensionsOf(one, "urn:joinedup:score")).find((one) => partText(one, "code") === code);
  return partText(rule, "meaning");
};

function AssessmentList() {
  const page = usePerson();
  const { record, id, patient } = page;
  const [full, setFull] = useState<Questionnaire[]>([]);
  const questionnaires = [...record.all("Questionnaire")].sort((a, b) => (a.title ?? "").localeCompare(b.title ?? "", "en-GB"));
  const ready = questionnaires.filter((one) => one.status === "active");
  const slots = questionnaires.filter((one) => one.status === "draft");
  const responses = record
    .all("QuestionnaireResponse")
    .filter((one) => one.status === "completed" || one.status === "amended")
    .sort((a, b) => (b.authored ?? "").localeCompare(a.authored ?? ""));
  const series = scoreSeries(record.all("Observation"));
  useEffect(() => {
    if (series.length === 0) return;
    // The meaning of a score stands in the questionnaire, which the first batch reads without its questions.
    void get<fhir4.Bundle>("Questionnaire?status=active&_count=100").then((answer) => answer.ok && setFull((answer.value.entry ?? []).flatMap((entry) => (entry.resource?.resourceType === "Questionnaire" ? [entry.resource as Questionnaire] : []))));
  }, [series.length]);
  return (
    <Page title={`Assessments of ${name(patient)}`} heading="Assessments">
      <section aria-labelledby="start">
        <h2 id="start" className="nhsuk-heading-m">
          Start an assessment
        </h2>
        {ready.length === 0 && <p>No questionnaire is installed here.</p>}
        <ul className="nhsuk-list">
          {ready.map((one) => (
            <li key={one.id}>
              <Link to={`new/${one.id}`}>{one.title}</Link>
              <br />
              <span className="ju-quiet">{one.description}</span>
            </li>
          ))}
        </ul>
        {slots.length > 0 && (
          <details className="nhsuk-details">
            <summary className="nhsuk-details__summary">
              <span className="nhsuk-details__summary-text">Questionnaires that need a licence ({slots.length})</span>
            </summary>
            <div className="nhsuk-details__text">
              <ul className="nhsuk-list nhsuk-list--bullet">
                {slots.map((one) => (
                  <li key={one.id}>
                    {one.title}: {one.description}
                  </li>
                ))}
              </ul>
            </div>
          </details>
        )}
      </section>
      <section aria-labelledby="trends">
        <h2 id="trends" className="nhsuk-heading-m nhsuk-u-margin-top-5">
          Scores over time
        </h2>
        {series.length === 0 ? <p>No scores yet.</p> : <div className="ju-columns">{series.map((one) => <Trend key={one.code} series={one} meaning={meaningOf(full, one.code)} />)}</div>}
        {series.length > 0 && <p className="ju-quiet nhsuk-u-margin-top-3">A score follows one person over time. It is no diagnosis and compares nobody with others.</p>}
      </section>
      <section aria-labelledby="done">
        <h2 id="done" className="nhsuk-heading-m nhsuk-u-margin-top-5">
          Finished assessments
        </h2>
        <Table
          caption="Finished assessments"
          hideCaption
          columns={[
            { key: "when", head: "When", cell: (one) => dateTime(one.authored) },
            { key: "what", head: "Assessment", cell: (one) => <Link to={one.id ?? ""}>{questionnaireTitle(record, one.questionnaire ?? "")}</Link> },
            { key: "who", head: "By", cell: (one) => page.name(one.author?.reference) || page.name(one.source?.reference) },
          ]}
          rows={responses}
          rowKey={(one) => one.id ?? ""}
          empty={<p>None that you can see.</p>}
        />
      </section>
      <p>
        <Link to={`/person/${id}/plan`}>Go to the plan</Link>
      </p>
    </Page>
  );
}

function Answered({ items, response }: { items: QuestionnaireItem[]; response: QuestionnaireResponse }) {
  const answers = answersOf(response);
  const isAnswered = (item: QuestionnaireItem): boolean => given(answers, item.linkId).length > 0 || (item.item ?? []).some(isAnswered);
  return items.filter(isAnswered).map((item) =>
    item.type === "group" ? (
      <section key={item.linkId} aria-label={item.text ?? ""}>
        <h2 className="nhsuk-heading-m">{item.text}</h2>
        <Answered items={item.item ?? []} response={response} />
      </section>
    ) : (
      <div key={item.linkId}>
        <h3 className="nhsuk-heading-xs nhsuk-u-margin-bottom-1">{item.text}</h3>
        <p className="ju-text">{given(answers, item.linkId).map((one) => (item.type === "date" ? date(String(one)) : answerWords(one))).join(", ")}</p>
        <Answered items={item.item ?? []} response={response} />
      </div>
    ),
  );
}

export function useQuestionnaire(id: string): { questionnaire: Questionnaire | undefined; fault: string } {
  const [state, setState] = useState<{ questionnaire?: Questionnaire; fault: string }>({ fault: "" });
  useEffect(() => {
    if (!id) return;
    let isHere = true;
    void get<Questionnaire>(`Questionnaire/${encodeURIComponent(id)}`).then((answer) => isHere && setState(answer.ok ? { questionnaire: answer.value, fault: "" } : { fault: answer.problem.sentence }));
    return () => {
      isHere = false;
    };
  }, [id]);
  return { questionnaire: state.questionnaire, fault: state.fault };
}

function AssessmentShown() {
  const { response: wanted = "" } = useParams();
  const page = usePerson();
  const response = page.record.get("QuestionnaireResponse", wanted);
  const canonical = response?.questionnaire?.split("|")[0] ?? "";
  const meant = page.record.all("Questionnaire").find((one) => one.url === canonical || `Questionnaire/${one.id}` === canonical || one.id === canonical.split("/").pop());
  const { questionnaire, fault } = useQuestionnaire(meant?.id ?? "");
  if (!response)
    return (
      <Page title="Nothing to see here">
        <p>There is nothing here that you can see. It may not exist, or you may not have a reason to see it.</p>
      </Page>
    );
  const scores = page.record.all("Observation").filter((one) => (one.derivedFrom ?? []).some((from) => from.reference?.endsWith(`QuestionnaireResponse/${wanted}`)));
  const title = meant?.title ?? "Assessment";
  // Without the questionnaire at hand the answers still show: they carry their questions' words.
  const items: QuestionnaireItem[] = questionnaire?.item ?? (response.item ?? []).map((one) => ({ linkId: one.linkId, text: one.text ?? "", type: one.item ? "group" : "string", item: (one.item ?? []).map((inner) => ({ linkId: inner.linkId, text: inner.text ?? "", type: "string" as const })) }));
  return (
    <Page title={`${title}: ${name(page.patient)}`} heading={title} crumbs={[{ to: `/person/${page.id}/assessments`, label: "Assessments" }]}>
      <p className="ju-quiet">
        {dateTime(response.authored)}
        {page.name(response.author?.reference) && `, ${page.name(response.author?.reference)}`}
      </p>
      {fault && <p role="alert">{fault}</p>}
      {meant && !questionnaire && !fault && <Waiting what="the assessment" />}
      {scores.length > 0 && (
        <section aria-labelledby="scores">
          <h2 id="scores" className="nhsuk-heading-m">
            Scores
          </h2>
          <ul className="nhsuk-list nhsuk-list--bullet">
            {scores.map((one) => (
              <li key={one.id}>
                {one.code.text ?? one.code.coding?.[0]?.display}: {one.valueQuantity?.value ?? one.valueInteger}
              </li>
            ))}
          </ul>
        </section>
      )}
      <Answered items={items} response={response} />
    </Page>
  );
}
