import type { CarePlan, Provenance } from "fhir/r4";
import { useEffect, useState } from "react";
import { Link } from "react-router";
import { batch, type Problem } from "../../api/client.ts";
import { date, dateTime, name } from "../../fhir/format.ts";
import { agreementsOf, planFields, planOf, type PlanKind } from "../../fhir/plan.ts";
import { changesBetween, type Change } from "../../fhir/versions.ts";
import { Diff } from "../../parts/Diff.tsx";
import { Select } from "../../parts/form.tsx";
import { Page, Waiting } from "../../parts/Frame.tsx";
import { planWords } from "./Plan.tsx";
import { usePerson } from "./usePerson.ts";

interface Version {
  version: string;
  at: string;
  plan: CarePlan;
  provenance: Provenance | undefined;
}

/** Who signed a version: the Provenance that was recorded with it, within the same transaction. */
export function signedBy(versions: CarePlan[], provenances: Provenance[]): (Provenance | undefined)[] {
  const left = [...provenances];
  return versions.map((plan) => {
    const at = Date.parse(plan.meta?.lastUpdated ?? "");
    const exact = left.findIndex((one) => one.target.some((target) => target.reference?.endsWith(`CarePlan/${plan.id}/_history/${plan.meta?.versionId}`)));
    const near = exact >= 0 ? exact : left.findIndex((one) => Math.abs(Date.parse(one.recorded) - at) < 5000);
    return near >= 0 ? left.splice(near, 1)[0] : undefined;
  });
}

export function PlanVersions({ kind }: { kind: PlanKind }) {
  const page = usePerson();
  const plan = planOf(page.record.all("CarePlan"), kind);
  const [versions, setVersions] = useState<Version[]>();
  const [problem, setProblem] = useState<Problem>();
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const reference = plan ? `CarePlan/${plan.id}` : "";
  const current = plan?.meta?.versionId;
  useEffect(() => {
    if (!reference) return;
    let isHere = true;
    void batch([`${reference}/_history?_count=100`, `Provenance?target=${reference}&_count=200`]).then((answer) => {
      if (!isHere) return;
      if (!answer.ok) return setProblem(answer.problem);
      const [history, signed] = answer.value;
      if (!history?.ok) return setProblem(history?.problem);
      const plans = ((history.value as fhir4.Bundle).entry ?? []).flatMap((entry) => (entry.resource?.resourceType === "CarePlan" ? [entry.resource as CarePlan] : [])).sort((a, b) => Number(b.meta?.versionId) - Number(a.meta?.versionId));
      const provenances = signed?.ok ? ((signed.value as fhir4.Bundle).entry ?? []).flatMap((entry) => (entry.resource?.resourceType === "Provenance" ? [entry.resource as Provenance] : [])) : [];
      const by = signedBy(plans, provenances);
      setVersions(plans.map((one, i) => ({ version: one.meta?.versionId ?? "", at: one.meta?.lastUpdated ?? "", plan: one, provenance: by[i] })));
      setFrom(plans[1]?.meta?.versionId ?? "");
      setTo(plans[0]?.meta?.versionId ?? "");
    });
    return () => {
      isHere = false;
    };
  }, [reference, current]);
  const shown = (change: Change, side: "before" | "after") => (change.key === "review-date" ? date(change[side]) : change.key === "review-responsible" ? page.name(change[side]) : change[side]);
  const differences = (before: CarePlan | undefined, after: CarePlan | undefined) => {
    if (!after) return null;
    const changes = changesBetween(before ? planFields(before) : [], planFields(after));
    const agreed = agreementsOf(after).length - agreementsOf(before).length;
    return (
      <>
        {agreed > 0 && <p>Agreement was recorded.</p>}
        {changes.length === 0 && agreed <= 0 && <p>No words changed.</p>}
        {changes.map((change) => (
          <div key={change.key}>
            <h3 className="nhsuk-heading-xs nhsuk-u-margin-bottom-1">{change.label}</h3>
            <Diff before={shown(change, "before")} after={shown(change, "after")} />
          </div>
        ))}
      </>
    );
  };
  const choices = (versions ?? []).map((one) => ({ value: one.version, label: `Version ${one.version}, ${dateTime(one.at)}` }));
  const of = (version: string) => versions?.find((one) => one.version === version)?.plan;
  return (
    <Page title={`Versions of ${planWords[kind].lower} of ${name(page.patient)}`} heading="Earlier versions">
      <p>
        <Link to={`/person/${page.id}/${planWords[kind].path}`}>Back to the plan</Link>
      </p>
      {!plan && <p>No plan is recorded yet.</p>}
      {problem && <p role="alert">{problem.sentence}</p>}
      {plan && !versions && !problem && <Waiting what="the versions" />}
      {versions && (
        <>
          <section aria-labelledby="compare">
            <h2 id="compare" className="nhsuk-heading-m">
              Compare two versions
            </h2>
            <div className="ju-filters">
              <Select id="compare-from" label="From" choices={choices} empty="The beginning" value={from} onChange={setFrom} />
              <Select id="compare-to" label="To" choices={choices} value={to} onChange={setTo} />
            </div>
            <div aria-live="polite">{differences(of(from), of(to))}</div>
          </section>
          <section aria-labelledby="all-versions">
            <h2 id="all-versions" className="nhsuk-heading-m">
              Every version ({versions.length})
            </h2>
            <ol className="nhsuk-list">
              {versions.map((one, i) => (
                <li key={one.version}>
                  <strong>Version {one.version}</strong>, {dateTime(one.at)}
                  {one.provenance ? `, ${page.name(one.provenance.agent[0]?.who.reference) || "somebody who is not named here"}` : ", who saved it is not recorded here"}
                  <details className="nhsuk-details">
                    <summary className="nhsuk-details__summary">
                      <span className="nhsuk-details__summary-text">
                        What changed <span className="nhsuk-u-visually-hidden">in version {one.version}</span>
                      </span>
                    </summary>
                    <div className="nhsuk-details__text">{differences(versions[i + 1]?.plan, one.plan)}</div>
                  </details>
                </li>
              ))}
            </ol>
          </section>
        </>
      )}
    </Page>
  );
}
