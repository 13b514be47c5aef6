import { Table } from "../../parts/Table.tsx";
import { useDirectory } from "../../api/directory.tsx";

export interface Worker {
  role: string;
  name: string;
  cases: number;
  overdue: number;
}

export interface Capacity {
  capacity: number | undefined;
  active: number;
  waiting: number;
  workers: Worker[];
}

export function readCapacity(parameters: fhir4.Parameters): Capacity {
  const whole = (of: fhir4.ParametersParameter[] | undefined, name: string) => of?.find((one) => one.name === name)?.valueInteger;
  return {
    capacity: whole(parameters.parameter, "capacity"),
    active: whole(parameters.parameter, "active") ?? 0,
    waiting: whole(parameters.parameter, "waiting") ?? 0,
    workers: (parameters.parameter ?? [])
      .filter((one) => one.name === "worker")
      .map((one) => ({
        role: one.part?.find((part) => part.name === "role")?.valueReference?.reference ?? "",
        name: one.part?.find((part) => part.name === "name")?.valueString ?? "",
        cases: whole(one.part, "cases") ?? 0,
        overdue: whole(one.part, "overdue") ?? 0,
      })),
  };
}

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
