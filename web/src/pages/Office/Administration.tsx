// /office: what an administrator answers for. Nothing here is about a person.
import { Link } from "react-router";
import { useDirectory } from "../../api/directory.tsx";
import { hasRole, useSession } from "../../api/session.tsx";
import { useLoaded } from "../../api/useLoaded.ts";
import { Absent, Page, Waiting } from "../../parts/Frame.tsx";
import { Table } from "../../parts/Table.tsx";
import { Tag } from "../../parts/Tag.tsx";
import { Trouble } from "../../parts/Trouble.tsx";
import { Feeds } from "../MyDay/Feeds.tsx";
import { Agreements, Notices } from "./Parts.tsx";
import "./office.scss";

const states: Readonly<Record<string, string>> = { requested: "Beginning", active: "Active", error: "Failing", off: "Off" };

/** Which accounts and systems are told of changes. */
function Told() {
  const { parts, resources, problem, reload } = useLoaded(["Subscription?_count=200"], ["Subscription"]);
  const fault = problem ?? parts?.[0]?.problem;
  const all = resources.filter((one): one is fhir4.Subscription => one.resourceType === "Subscription");
  return (
    <section aria-labelledby="told">
      <h2 id="told" className="nhsuk-heading-m nhsuk-u-margin-top-6">
        Systems that are told of changes
      </h2>
      {fault && <Trouble problem={fault} what="Who is told of changes" again={reload} />}
      {!parts && !fault && <Waiting what="who is told of changes" />}
      {parts && !fault && (
        <Table<fhir4.Subscription>
          caption="Subscriptions"
          hideCaption
          rows={all}
          rowKey={(one) => one.id ?? ""}
          empty={<p>No other system is told of changes.</p>}
          columns={[
            { key: "why", head: "Why", cell: (one) => one.reason },
            { key: "what", head: "What kind", cell: (one) => one.criteria.split("?")[0] },
            { key: "where", head: "Where to", cell: (one) => one.channel.endpoint ?? "Not recorded" },
            {
              key: "state",
              head: "State",
              cell: (one) => (
                <>
                  <Tag colour={one.status === "active" ? "green" : one.status === "error" ? "red" : "grey"}>{states[one.status] ?? one.status}</Tag> {one.error}
                </>
              ),
            },
          ]}
        />
      )}
    </section>
  );
}

export default function Administration() {
  const session = useSession();
  const { known } = useDirectory();
  if (!hasRole(session, "administrator")) return <Absent />;
  return (
    <Page title="Administration">
      <p>
        What those who run this place answer for. Records of people are not open to this role. Accounts are invited, changed and closed with <code>joinedup govern users</code> on the server; the{" "}
        <Link to="/referrals/services">directory of services</Link> is what workers choose from.
      </p>
      <Notices />
      <Feeds />
      <Agreements known={known} />
      <Told />
    </Page>
  );
}
