import { useMemo } from "react";
import { Link } from "react-router";
import { useDirectory } from "../../api/directory.tsx";
import { useLoaded } from "../../api/useLoaded.ts";
import { matchesPerson, pageOf, plural } from "../../fhir/cases.ts";
import { date, today } from "../../fhir/format.ts";
import { inGroup, isNews, isStuck, referralsOf, standName, stuckWords, urgencyName, type Group, type Me, type Referral, type Stand } from "../../fhir/referrals.ts";
import { Select, TextField } from "../../parts/form.tsx";
import { Page, Waiting } from "../../parts/Frame.tsx";
import { Pages } from "../../parts/Pages.tsx";
import { PersonCell } from "../../parts/PersonCell.tsx";
import { Table } from "../../parts/Table.tsx";
import { Tag, type TagColour } from "../../parts/Tag.tsx";
import { Trouble } from "../../parts/Trouble.tsx";
import { useAddress, useTyped } from "../../parts/useAddress.ts";
import { Tabs } from "./Tabs.tsx";

const size = 25;
const groups: { value: Group; label: string; empty: string }[] = [
  { value: "waiting-for-me", label: "Waiting for me or my service", empty: "Nothing waits for you or your service." },
  { value: "sent-by-me", label: "Sent by me", empty: "You have sent nothing." },
  { value: "outcomes", label: "New answers", empty: "There is no answer that you have not seen." },
  { value: "stuck", label: "Stuck", empty: "Nothing is stuck." },
  { value: "all", label: "Everything that I may see", empty: "There are no referrals." },
];
const colours: Record<Stand, TagColour> = { waiting: "yellow", accepted: "blue", "in-progress": "blue", completed: "green", rejected: "orange", cancelled: "grey" };

/** Where a referral stands, in words. */
export function Standing({ of: one, now }: { of: Referral; now: string }) {
  const stuck = stuckWords(one, now);
  return (
    <>
      <Tag colour={colours[one.stand]}>{one.isAdvice && one.stand === "completed" ? "Answered" : standName(one.stand)}</Tag>
      {stuck && (
        <div>
          <Tag colour="red">Stuck</Tag> {stuck}
        </div>
      )}
      {one.stand === "rejected" && one.why && <div>{one.why}</div>}
      {one.stand === "completed" && one.outcome && <div>{one.outcome}</div>}
    </>
  );
}

export function ReferralList() {
  const address = useAddress();
  const typing = useTyped("name");
  const { choose, to } = address;
  const now = today();
  const group = (address.get("group") || "waiting-for-me") as Group;
  const typed = typing.value;
  const { known, problem: unknown } = useDirectory();
  const { parts, resources, problem, reload } = useLoaded(["Task?code=urn:joinedup:task|referral&_include=Task:focus&_include=Task:patient&_sort=-_lastUpdated&_count=200"], ["Task", "ServiceRequest"]);
  const all = useMemo(() => referralsOf(resources), [resources]);
  const me: Me | undefined = known?.self;
  const listed = me ? inGroup(all, group, me, now).filter((one) => matchesPerson(one.patient, typed)) : [];
  const page = pageOf(listed, address.page, size);
  const count = (of: Group) => (me && parts ? ` (${inGroup(all, of, me, now).length})` : "");
  const stuck = all.filter((one) => isStuck(one, now)).length;
  return (
    <Page
      title="Referrals"
      wide
      actions={
        <Link className="nhsuk-button" to="/referrals/new">
          Refer or ask for advice
        </Link>
      }
    >
      <Tabs />
      {(problem ?? unknown ?? parts?.[0]?.problem) && <Trouble problem={(problem ?? unknown ?? parts?.[0]?.problem)!} again={reload} />}
      {stuck > 0 && group !== "stuck" && (
        <div className="nhsuk-inset-text">
          <p>
            {plural(stuck, "referral")} {stuck === 1 ? "is" : "are"} past {stuck === 1 ? "its" : "their"} limit. <Link to="?group=stuck">See what is stuck</Link>
          </p>
        </div>
      )}
      <form className="ju-filters ju-no-print" role="search" aria-label="Filter referrals" onSubmit={(event) => event.preventDefault()}>
        <Select id="referrals-group" label="Show" value={group} onChange={(value) => choose("group", value)} choices={groups.map((one) => ({ value: one.value, label: `${one.label}${one.value === "all" ? "" : count(one.value)}` }))} />
        <TextField id="referrals-name" label="Name or NHS number" type="search" value={typed} onChange={typing.set} width={20} />
      </form>
      {(!parts || !known) && !problem && !unknown ? (
        <Waiting what="referrals" />
      ) : (
        <>
          <p role="status">
            {page.total === 0 ? (typed ? "Nobody fits what you typed." : groups.find((one) => one.value === group)?.empty) : `${page.from} to ${page.to} of ${page.total}`}
            {parts?.some((one) => !one.isAll) && " There are more than can be listed at once: the newest are shown."}
          </p>
          {page.total > 0 && (
            <Table
              caption="Referrals and questions"
              hideCaption
              rows={page.items}
              rowKey={(one) => one.id}
              columns={[
                { key: "person", head: "Person", cell: (one) => (one.patient ? <PersonCell patient={one.patient} reference={one.patientReference} /> : <span className="ju-quiet">Name shown once it is accepted</span>) },
                {
                  key: "what",
                  head: "What is asked",
                  cell: (one) => (
                    <>
                      {one.isAdvice && <Tag colour="purple">Advice</Tag>} <Link to={`/referrals/task/${one.id}`}>{one.what || one.reason || "No reason given"}</Link>
                      {one.what && <div>{one.reason}</div>}
                      <div className="ju-quiet">
                        {urgencyName(one.urgency)}, sent {date(one.authored)}
                      </div>
                    </>
                  ),
                },
                {
                  key: "between",
                  head: "From and to",
                  cell: (one) => (
                    <>
                      <div>{known?.directory.worker(one.requester) ?? "Not known"}</div>
                      <div>to {known?.directory.worker(one.owner) ?? "nobody"}</div>
                    </>
                  ),
                },
                { key: "stand", head: "Where it stands", cell: (one) => <Standing of={one} now={now} /> },
                {
                  key: "limit",
                  head: "Limit",
                  cell: (one) => (one.stand === "completed" || one.stand === "rejected" || one.stand === "cancelled" ? isNews(one) && group !== "all" ? <Tag colour="aqua-green">New answer</Tag> : "" : one.limit ? date(one.limit) : "No date set"),
                },
              ]}
            />
          )}
          <Pages page={page.page} pages={page.pages} to={to} />
        </>
      )}
    </Page>
  );
}
