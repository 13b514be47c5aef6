// /me: the page of the person, and of who acts for them. Phone first, large type, plain words.
import { useMemo, useState } from "react";
import { Navigate, Route, Routes } from "react-router";
import { plainName } from "../../fhir/format.ts";
import { Absent, Page, Waiting } from "../../parts/Frame.tsx";
import { Button } from "../../parts/form.tsx";
import { Helpers } from "./Helpers.tsx";
import { Home } from "./Home.tsx";
import { Looked } from "./Looked.tsx";
import { Messages } from "./Messages.tsx";
import { Next } from "./Next.tsx";
import { usePeople, WhoseContext, type Whose } from "./person.tsx";
import { Plan } from "./Plan.tsx";
import { Wrong } from "./Wrong.tsx";
import "./me.scss";

export default function Me() {
  const { people, problem, session } = usePeople();
  const [chosen, setChosen] = useState("");
  const isProxy = session.kind === "proxy";
  const patient = people?.find((one) => one.id === chosen) ?? (people?.length === 1 ? people[0] : undefined);
  const whose = useMemo<Whose | null>(
    () => (patient?.id ? { patient, id: patient.id, isProxy, author: isProxy ? `RelatedPerson/${session.related_person}` : `Patient/${patient.id}`, others: people ?? [] } : null),
    [patient, isProxy, session.related_person, people],
  );
  if (session.kind === "worker") return <Absent sentence="This page is for people and their carers. Workers find people on My day and Caseload." />;
  if (problem)
    return (
      <Page title="My care">
        <p role="alert">{problem.sentence}</p>
      </Page>
    );
  if (!people)
    return (
      <Page title="My care">
        <Waiting />
      </Page>
    );
  if (!whose)
    return (
      <Page title="My care">
        <div className="ju-me">
          {people.length === 0 ? (
            <p>{isProxy ? "At the moment there is nobody whose record you may see. The person can allow it, or your agreement has ended. Ask their team." : "We could not find your record. Call your GP practice."}</p>
          ) : (
            <>
              <p>Whom do you want to help today?</p>
              {people.map((one) => (
                <p key={one.id}>
                  <Button onClick={() => setChosen(one.id ?? "")}>{plainName(one)}</Button>
                </p>
              ))}
            </>
          )}
        </div>
      </Page>
    );
  return (
    <WhoseContext value={whose}>
      <Routes>
        <Route index element={<Home />} />
        <Route path="plan" element={<Plan />} />
        <Route path="next" element={<Next />} />
        <Route path="team" element={<Helpers />} />
        <Route path="messages" element={<Messages />} />
        <Route path="wrong" element={<Wrong />} />
        {!isProxy && <Route path="looked" element={<Looked />} />}
        <Route path="*" element={<Navigate replace to="/me" />} />
      </Routes>
    </WhoseContext>
  );
}
