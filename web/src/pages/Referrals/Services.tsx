import { useMemo } from "react";
import { Link } from "react-router";
import { useDirectory } from "../../api/directory.tsx";
import { pageOf, plural } from "../../fhir/cases.ts";
import { date, today } from "../../fhir/format.ts";
import { useSession } from "../../api/session.tsx";
import { isInCare } from "../../fhir/offices.ts";
import { checkedWords, findServices, servicesOf, type Service } from "../../fhir/referrals.ts";
import { Select, TextField } from "../../parts/form.tsx";
import { Page, Waiting } from "../../parts/Frame.tsx";
import { Pages } from "../../parts/Pages.tsx";
import { Table } from "../../parts/Table.tsx";
import { Tag } from "../../parts/Tag.tsx";
import { Trouble } from "../../parts/Trouble.tsx";
import { useAddress, useTyped } from "../../parts/useAddress.ts";
import { Tabs } from "./Tabs.tsx";

const size = 25;

/** The directory: for whom each service is, whether it has room, when somebody last checked, and whether it is in the network. */
export function Services() {
  const address = useAddress();
  const typing = useTyped("find");
  const typed = typing.value;
  const kind = address.get("kind");
  const { choose, to } = address;
  const { known, problem } = useDirectory();
  const services = useMemo(() => (known ? servicesOf(known.directory.resources, known.directory.name) : []), [known]);
  const kinds = [...new Set(services.map((one) => one.kind).filter(Boolean))].sort();
  const page = pageOf(findServices(services, typed, kind), address.page, size);
  const now = today();
  const mayRefer = isInCare(useSession());
  return (
    <Page title="Directory of services" wide>
      <Tabs />
      {problem && <Trouble problem={problem} />}
      <form className="ju-filters ju-no-print" role="search" aria-label="Find a service" onSubmit={(event) => event.preventDefault()}>
        <TextField id="services-find" label="Find a service" type="search" value={typed} onChange={typing.set} width={20} />
        <Select id="services-kind" label="Kind" value={kind} onChange={(value) => choose("kind", value)} empty="All kinds" choices={kinds.map((one) => ({ value: one, label: one }))} />
      </form>
      {!known && !problem ? (
        <Waiting what="the directory" />
      ) : (
        <>
          <p role="status">{page.total === 0 ? "No service fits what you typed." : `${page.from} to ${page.to} of ${plural(page.total, "service")}`}</p>
          {page.total > 0 && (
            <Table
              caption="Services"
              hideCaption
              rows={page.items}
              rowKey={(one) => one.id}
              columns={[
                {
                  key: "name",
                  head: "Service",
                  cell: (one) => (
                    <>
                      <strong>{one.name}</strong>
                      {one.kind && !one.isOutside && <div className="ju-quiet">{one.kind}</div>}
                      {one.providerName && one.providerName !== one.name && <div className="ju-quiet">{one.providerName}</div>}
                      {one.isOutside && <Tag colour="grey">Outside the network</Tag>}
                    </>
                  ),
                },
                { key: "for", head: "For whom", cell: (one) => one.eligibility ?? "Not recorded" },
                { key: "room", head: "Room", cell: (one) => one.capacity ?? "Not known" },
                { key: "checked", head: "Last checked", cell: (one) => checkedWords(one, now, date) },
                ...(mayRefer
                  ? [
                      {
                        key: "refer",
                        head: <span className="nhsuk-u-visually-hidden">Refer</span>,
                        cell: (one: Service) => (
                          <Link to={`/referrals/new?service=${encodeURIComponent(one.reference)}`}>
                            Refer<span className="nhsuk-u-visually-hidden"> to {one.name}</span>
                          </Link>
                        ),
                      },
                    ]
                  : []),
              ]}
            />
          )}
          <Pages page={page.page} pages={page.pages} to={to} />
        </>
      )}
    </Page>
  );
}
