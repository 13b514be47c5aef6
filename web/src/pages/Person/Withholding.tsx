// Entries that a safeguarding lead keeps from the person or from who acts for them. Only the lead's own page has this part, and
// its code is fetched for nobody else: the page of every other reader is the same whether something is withheld or not.
import { useCallback, useEffect, useState } from "react";
import { useLocation } from "react-router";
import { operation, request, type Answer, type Parameters, type Problem } from "../../api/client.ts";
import { useSession } from "../../api/session.tsx";
import { addDays, date, relative } from "../../fhir/format.ts";
import { questionnaireTitle } from "../../fhir/person.ts";
import { proxiesOf } from "../../fhir/sharing.ts";
import { entriesOf, fromWords, inForce, kindWords, linkedTo, withheldOf, type From, type Withheld } from "../../fhir/withhold.ts";
import { ActionForm } from "../../parts/ActionForm.tsx";
import { announce } from "../../parts/announce.tsx";
import { Dialog } from "../../parts/Dialog.tsx";
import { Button, Checkboxes, DateInput, emptyDate, isoDate, Radios, Select, TextArea, type DateParts } from "../../parts/form.tsx";
import { Waiting } from "../../parts/Frame.tsx";
import { Tag } from "../../parts/Tag.tsx";
import { Trouble } from "../../parts/Trouble.tsx";
import { usePerson, type PersonPage } from "./usePerson.ts";

const wholeKind = "kind";

interface Typed {
  type: string;
  entry: string; // a reference, or the whole kind
  also: string[];
  from: From | "";
  proxy: string;
  reason: string;
  review: DateParts;
}

const namesOf = (page: PersonPage) => ({ name: page.name, questionnaire: (canonical: string) => questionnaireTitle(page.record, canonical) });

async function readWithheld(patient: string): Promise<Answer<Withheld[]>> {
  const answer = await request<Parameters>(`Patient/${encodeURIComponent(patient)}/$withheld`);
  return answer.ok ? { ...answer, value: inForce(withheldOf(answer.value)) } : answer;
}

/** One after the other; what is withheld already, from a try before that stopped half way, is passed over. */
async function withholdAll(patient: string, typed: Typed, review: string): Promise<Answer<unknown>> {
  const before = await readWithheld(patient);
  if (!before.ok) return before;
  const wanted = typed.entry === wholeKind ? [""] : [typed.entry, ...typed.also];
  let last: Answer<unknown> = before;
  let done = 0;
  for (const resource of wanted) {
    const isThere = before.value.some((one) => one.from === typed.from && one.resource === resource && (resource !== "" || one.type === typed.type) && (typed.from !== "one-proxy" || one.relatedPerson === typed.proxy));
    if (!isThere) {
      last = await operation(`Patient/${encodeURIComponent(patient)}/$withhold`, {
        ...(resource ? { resource: { reference: resource } } : { type: { code: typed.type } }),
        from: { code: typed.from },
        ...(typed.from === "one-proxy" ? { "related-person": { reference: typed.proxy } } : {}),
        reason: typed.reason.trim(),
        review: { date: review },
      });
      if (!last.ok) return done === 0 ? last : { ok: false, problem: { ...last.problem, kind: "refused", issues: [], sentence: `${done} of ${wanted.length} entries are withheld; the others are not. Press the button again. ${last.problem.sentence}` } };
    }
    done += 1;
  }
  return last;
}

function WithholdDialog({ preset, onDone, onClose }: { preset: string; onDone: () => void; onClose: () => void }) {
  const page = usePerson();
  const everything = page.record.everything();
  const entries = entriesOf(everything, namesOf(page));
  const proxies = proxiesOf(page.record.all("Consent"), page.record.all("RelatedPerson"), page.today).filter((one) => one.person?.id);
  const kinds = Object.entries(kindWords).map(([value, label]) => ({ value, label: `${label} (${entries.filter((one) => one.type === value).length})` }));
  const [empty] = useState<Typed>(() => ({ type: preset.split("/")[0] ?? "", entry: preset, also: preset ? linkedTo(everything, preset) : [], from: "", proxy: "", reason: "", review: emptyDate }));
  return (
    <Dialog title="Withhold entries" onClose={onClose} wide>
      <p>Those whom you choose see the record as if the entry had never been written. Workers see it as before: ask them not to speak of it.</p>
      <ActionForm<Typed, unknown>
        form={`withhold:${page.id}${preset ? `:${preset}` : ""}`}
        about={`Patient/${page.id}`}
        empty={empty}
        submit="Withhold"
        kind="warning"
        fields={["resource", "type", "from", "reason", "review"]}
        idOf={(field) => `withhold-${field === "resource" ? "entry" : field}`}
        check={(typed) => {
          const review = isoDate(typed.review, "Review date");
          return {
            "withhold-type": typed.type ? undefined : "Select a kind of entry",
            "withhold-entry": typed.type && !typed.entry ? "Select an entry, or every entry of this kind" : undefined,
            "withhold-from": typed.from ? undefined : "Select from whom it is withheld",
            "withhold-proxy": typed.from === "one-proxy" && !typed.proxy ? "Select who it is" : undefined,
            "withhold-reason": typed.reason.trim().length >= 10 ? undefined : "Enter why it is withheld, in 10 characters or more",
            "withhold-review": "error" in review ? review.error : review.iso <= page.today ? "Review date must be in the future" : review.iso > addDays(page.today, 366) ? "Review date must be within a year" : undefined,
          };
        }}
        send={(typed) => {
          const review = isoDate(typed.review, "Review date");
          return withholdAll(page.id, typed, "iso" in review ? review.iso : "");
        }}
        onDone={() => {
          announce("Withheld");
          onDone();
        }}
        onCancel={onClose}
      >
        {(typed, set, faults) => {
          const linked = typed.entry && typed.entry !== wholeKind ? linkedTo(everything, typed.entry) : [];
          const named = (reference: string) => entries.find((one) => one.reference === reference);
          return (
            <>
              <Select id="withhold-type" label="Kind of entry" empty="Select a kind" choices={kinds} value={typed.type} onChange={(type) => set({ type, entry: "", also: [] })} error={faults["withhold-type"]} />
              {typed.type && (
                <Select
                  id="withhold-entry"
                  label="Entry"
                  hint="Newest first. Another entry can tell of the same thing: a referral of its task, an assessment of its score, a message of anything."
                  empty="Select an entry"
                  choices={[
                    { value: wholeKind, label: `Every entry of this kind, also those to come: ${(kindWords[typed.type] ?? typed.type).toLowerCase()}` },
                    // An older one than this page holds, chosen in the timeline.
                    ...(typed.entry !== "" && typed.entry !== wholeKind && !named(typed.entry) ? [{ value: typed.entry, label: "The entry that you chose in the timeline" }] : []),
                    ...entries.filter((one) => one.type === typed.type).map((one) => ({ value: one.reference, label: `${date(one.date) || "No date"}: ${one.words}` })),
                  ]}
                  value={typed.entry}
                  onChange={(entry) => set({ entry, also: entry === wholeKind ? [] : linkedTo(everything, entry) })}
                  error={faults["withhold-entry"]}
                />
              )}
              {linked.length > 0 && (
                <Checkboxes
                  id="withhold-also"
                  label="These tell of the same. Withhold them too?"
                  small
                  choices={linked.map((reference) => ({ value: reference, label: `${kindWords[reference.split("/")[0] ?? ""] ?? ""}: ${date(named(reference)?.date) || "no date"}, ${named(reference)?.words ?? ""}` }))}
                  values={typed.also}
                  onChange={(also) => set({ also })}
                />
              )}
              <Radios
                id="withhold-from"
                label="From whom?"
                choices={[
                  { value: "person-and-proxies", label: "The person, and everybody who acts for them" },
                  { value: "proxies", label: "Everybody who acts for the person", hint: "The person goes on seeing it." },
                  ...(proxies.length > 0 ? [{ value: "one-proxy", label: "One of those who act for the person" }] : []),
                ]}
                value={typed.from}
                onChange={(from) => set({ from: from as From })}
                error={faults["withhold-from"]}
              />
              {typed.from === "one-proxy" && (
                <Select id="withhold-proxy" label="Who?" empty="Select a person" choices={proxies.map((one) => ({ value: `RelatedPerson/${one.person?.id}`, label: `${one.name}${one.relation ? `, ${one.relation.toLowerCase()}` : ""}` }))} value={typed.proxy} onChange={(proxy) => set({ proxy })} error={faults["withhold-proxy"]} />
              )}
              <TextArea id="withhold-reason" label="Reason" hint="For safeguarding leads. The guardian sees in the log that something was withheld." value={typed.reason} onChange={(reason) => set({ reason })} error={faults["withhold-reason"]} rows={3} />
              <DateInput id="withhold-review" label="Review date" hint="When you look again whether it must still be withheld, for example 19 1 2027. It stays withheld until somebody shows it again." value={typed.review} onChange={(review) => set({ review })} error={faults["withhold-review"]} />
            </>
          );
        }}
      </ActionForm>
    </Dialog>
  );
}

export default function Withholding() {
  const page = usePerson();
  const session = useSession();
  const location = useLocation();
  const preset = (location.state as { withhold?: string } | null)?.withhold ?? "";
  const [read, setRead] = useState<{ all?: Withheld[]; problem?: Problem }>({});
  const [isOpen, setOpen] = useState(preset !== "");
  const [ending, setEnding] = useState<Withheld>();
  const reload = useCallback(async () => {
    const answer = await readWithheld(page.id);
    setRead((before) => (answer.ok ? { all: answer.value } : { ...before, problem: answer.problem }));
  }, [page.id]);
  useEffect(() => void reload(), [reload]);
  const entries = entriesOf(page.record.everything(), namesOf(page));
  const words = (one: Withheld): string => {
    if (!one.resource) return `Every entry of this kind: ${(kindWords[one.type] ?? one.type).toLowerCase()}`;
    const entry = entries.find((each) => each.reference === one.resource);
    const kind = kindWords[one.resource.split("/")[0] ?? ""] ?? "Entry";
    return entry ? `${kind}: ${date(entry.date) || "no date"}, ${entry.words}` : `${kind}: an entry that this page does not hold`;
  };
  return (
    <section aria-labelledby="withheld">
      <h2 id="withheld" className="nhsuk-heading-m nhsuk-u-margin-top-6">
        Withheld entries {read.all && <span className="ju-count">({read.all.length})</span>}
      </h2>
      <p>Seen by safeguarding leads only. Nobody else is told that there is such a list, or that something stands in it.</p>
      {read.problem && <Trouble problem={read.problem} what="What is withheld" again={reload} />}
      {!read.all && !read.problem && <Waiting what="what is withheld" />}
      {read.all && read.all.length === 0 && <p>Nothing is withheld.</p>}
      <ul className="nhsuk-list" aria-label="Withheld entries">
        {(read.all ?? []).map((one) => (
          <li key={one.number} className="ju-card nhsuk-u-margin-bottom-3">
            <p>
              <strong>{words(one)}</strong>
            </p>
            <p>
              From: {fromWords(one, page.name)}. <Tag colour={one.review <= page.today ? "red" : "blue"}>{one.review <= page.today ? "Review due" : "Review"}</Tag> {date(one.review)} <span className="ju-quiet">({relative(one.review, page.today)})</span>
            </p>
            <p className="ju-text">{one.reason}</p>
            <p className="ju-quiet">
              {one.by === session.user ? "You" : page.name(one.practitioner) || "Another safeguarding lead"}, {date(one.at)}
            </p>
            <Button kind="secondary" small onClick={() => setEnding(one)}>
              Show again<span className="nhsuk-u-visually-hidden">: {words(one)}</span>
            </Button>
          </li>
        ))}
      </ul>
      <Button kind="secondary" small onClick={() => setOpen(true)}>
        Withhold entries
      </Button>
      {isOpen && (
        <WithholdDialog
          preset={preset}
          onClose={() => setOpen(false)}
          onDone={() => {
            setOpen(false);
            void reload();
          }}
        />
      )}
      {ending && (
        <Dialog title="Show again" onClose={() => setEnding(undefined)}>
          <p>{words(ending)}</p>
          <p>{fromWords(ending, page.name)} can see it again at once, with who wrote it and when. Make sure that nobody comes to harm by it.</p>
          <ActionForm<object, unknown>
            form={`show-again:${page.id}:${ending.number}`}
            empty={{}}
            submit="Show again"
            kind="warning"
            fields={[]}
            check={() => ({})}
            send={() => operation(`Patient/${encodeURIComponent(page.id)}/$show-again`, { withheld: ending.number })}
            onDone={() => {
              announce("Shown again");
              setEnding(undefined);
              void reload();
            }}
            onCancel={() => setEnding(undefined)}
          >
            {() => null}
          </ActionForm>
        </Dialog>
      )}
    </section>
  );
}
