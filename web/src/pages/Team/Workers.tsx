import { Table } from "../../parts/Table.tsx";
import { useDirectory } from "../../api/directory.tsx";
import type { Capacity } from "../../fhir/cases.ts";

/** How full the team is, and who carries how much. */
export function Workers({ capacity }: { capacity: Capacity }) {
  const { known } = useDirectory();
  const free = capacity.capacity === undefined ? undefined : capacity.capacity - capacity.active;
  return (
    <section aria-labelledby="workers">
      <h2 className="nhsuk-heading-m" id="workers">
        Now
      </h2>
      <p className="ju-measure__sentence">
        The team looks after {capacity.active} {capacity.active === 1 ? "person" : "people"}
        {capacity.capacity !== undefined && ` of ${capacity.capacity} that it has room for`}. {capacity.waiting} {capacity.waiting === 1 ? "waits" : "wait"} to start.
        {free !== undefined && free < 0 && ` That is ${-free} more than it has room for.`}
        {free !== undefined && free >= 0 && free < capacity.waiting && ` There is room for ${free} of those who wait.`}
      </p>
      <Table
        caption="Who looks after how many"
        rows={capacity.workers}
        rowKey={(one) => one.role || one.name}
        empty={<p>Nobody of this team is named co-ordinator of anybody.</p>}
        columns={[
          { key: "name", head: "Worker", cell: (one) => known?.directory.worker(one.role) ?? one.name },
          { key: "cases", head: "People", numeric: true, cell: (one) => one.cases },
          { key: "overdue", head: "Tasks overdue", numeric: true, cell: (one) => one.overdue },
        ]}
      />
    </section>
  );
}
