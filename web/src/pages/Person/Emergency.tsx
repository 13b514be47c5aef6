import { operation, type Parameters } from "../../api/client.ts";
import { hasRole, useSession } from "../../api/session.tsx";
import { announce } from "../../parts/announce.tsx";
import { ActionForm } from "../../parts/ActionForm.tsx";
import { TextArea } from "../../parts/form.tsx";
import { Page } from "../../parts/Frame.tsx";
import { WhoLooked } from "./WhoLooked.tsx";

/** The record is not open to this reader, or there is none: the page is the same for both. */
export function Emergency({ id, name, onOpened }: { id: string; name: (reference: string | undefined) => string; onOpened: () => Promise<void> }) {
  const session = useSession();
  const mayAsk = hasRole(session, "gp", "nurse", "co_ordinator", "social_worker", "team_lead", "safeguarding_lead");
  return (
    <Page title="You cannot see a record here">
      <p>There may be no record at this address, or you may not share the care of the person. This page is the same for both.</p>
      <p>If somebody gave you the address, ask them whether you look after this person together. A record opens when the person is on your team’s caseload, registered with your practice, or referred to you and accepted.</p>
      {hasRole(session, "guardian") && <WhoLooked id={id} name={name} />}
      {mayAsk && (
        <section aria-labelledby="emergency">
          <h2 id="emergency" className="nhsuk-heading-m">
            Emergency access
          </h2>
          <p>
            Only where somebody may come to harm if you wait. It lasts for a limited time. The person is shown that you looked and why, and the Caldicott guardian reviews every use. Restricted entries stay closed.
          </p>
          <ActionForm
            form={`emergency:${id}`}
            empty={{ reason: "" }}
            submit="Open the record in an emergency"
            kind="warning"
            fields={["reason"]}
            idOf={() => "emergency-reason"}
            check={(typed) => {
              const length = typed.reason.trim().length;
              return { "emergency-reason": length === 0 ? "Enter why you need the record now" : length < 10 ? "Say more: the reason must be 10 characters or more" : length > 1000 ? "The reason must be 1,000 characters or fewer" : undefined };
            }}
            send={async (typed) => {
              const answer = await operation<Parameters>(`Patient/${encodeURIComponent(id)}/$emergency-access`, { reason: typed.reason.trim() });
              // Not there, or not to be opened so: in the same words.
              return answer.ok || answer.problem.kind !== "absent" ? answer : { ok: false, problem: { ...answer.problem, kind: "refused", sentence: "This record cannot be opened here.", issues: [] } };
            }}
            onDone={() => {
              announce("The record is open for a limited time");
              void onOpened();
            }}
          >
            {(typed, set, faults) => (
              <TextArea
                id="emergency-reason"
                label="Why do you need this record now?"
                hint="In your own words. The person and the guardian will read it."
                value={typed.reason}
                onChange={(reason) => set({ reason })}
                error={faults["emergency-reason"]}
                rows={3}
              />
            )}
          </ActionForm>
        </section>
      )}
    </Page>
  );
}
