// A contact of the team with the person: who, when, how, how long and about what. It counts among the team's contacts.
import type { Encounter } from "fhir/r4";
import { useNavigate } from "react-router";
import { operation } from "../../api/client.ts";
import { name } from "../../fhir/format.ts";
import { episodeOf } from "../../fhir/person.ts";
import { announce } from "../../parts/announce.tsx";
import { ActionForm } from "../../parts/ActionForm.tsx";
import { DateInput, dateParts, isoDate, Radios, Select, TextArea, TextField, type DateParts, type Faults } from "../../parts/form.tsx";
import { Page } from "../../parts/Frame.tsx";
import { usePerson } from "./usePerson.ts";

const hows = [
  { value: "visit", label: "Home visit" },
  { value: "clinic", label: "Seen in a clinic or office" },
  { value: "telephone", label: "Telephone call" },
  { value: "video", label: "Video call" },
  { value: "letter", label: "Letter or email" },
];

interface Typed {
  who: string;
  on: DateParts;
  how: string;
  minutes: string;
  about: string;
}

export function checkContact(typed: Typed, today: string): Faults {
  const on = isoDate(typed.on, "Date of the contact");
  const minutes = Number(typed.minutes.trim());
  return {
    "contact-who": typed.who ? undefined : "Select who made the contact",
    "contact-on": "error" in on ? on.error : on.iso > today ? "Date of the contact must be today or in the past" : undefined,
    "contact-how": typed.how ? undefined : "Select how the contact was made",
    "contact-minutes": !typed.minutes.trim() ? "Enter how many minutes it took" : !Number.isInteger(minutes) || minutes < 1 || minutes > 600 ? "Minutes must be a whole number from 1 to 600" : undefined,
    "contact-about": typed.about.trim() ? undefined : "Enter what the contact was about",
  };
}

export default function Contact() {
  const page = usePerson();
  const navigate = useNavigate();
  const episode = episodeOf(page.record.all("EpisodeOfCare"));
  const back = `/person/${page.id}`;
  const isOpen = episode && ["planned", "waitlist", "active", "onhold"].includes(episode.status);
  if (!isOpen)
    return (
      <Page title={`Record a contact with ${name(page.patient)}`} heading="Record a contact" crumbs={[{ to: back, label: "Summary" }]}>
        <p>{name(page.patient)} has no open case with a team. Contacts of a team are recorded on an open case.</p>
      </Page>
    );
  const team = page.directory?.rolesOf(episode.team?.[0]?.reference) ?? [];
  const own = page.directory?.roles.filter((one) => page.self?.roles.includes(one.reference)) ?? [];
  const workers = [...own, ...team.filter((one) => !own.some((each) => each.reference === one.reference))].map((one) => ({ value: one.reference, label: `${one.name}, ${one.role.toLowerCase()}` }));
  if (!page.directory) return null; // who one is, is known in a moment
  return (
    <Page title={`Record a contact with ${name(page.patient)}`} heading="Record a contact" crumbs={[{ to: back, label: "Summary" }]}>
      <ActionForm<Typed, Encounter>
        form={`contact:${page.id}`}
        about={`Patient/${page.id}`}
        empty={{ who: (team.find((one) => own.some((each) => each.reference === one.reference)) ?? own[0])?.reference ?? "", on: dateParts(page.today), how: "", minutes: "", about: "" }}
        submit="Record the contact"
        fields={["who", "on", "how", "minutes", "about"]}
        idOf={(field) => `contact-${field}`}
        check={(typed) => checkContact(typed, page.today)}
        send={(typed) => {
          const on = isoDate(typed.on, "");
          return operation<Encounter>(`EpisodeOfCare/${episode.id}/$record-contact`, {
            who: { reference: typed.who },
            on: { date: "iso" in on ? on.iso : "" },
            how: { code: typed.how },
            minutes: Number(typed.minutes.trim()),
            about: typed.about.trim(),
          });
        }}
        onDone={(made) => {
          announce("The contact is recorded");
          if (made.id) void page.refresh([`Encounter/${made.id}`]);
          void navigate(back);
        }}
        onCancel={() => void navigate(back)}
        conflict={(sentence) => (
          <div className="nhsuk-inset-text" role="alert">
            <p>{sentence}</p>
          </div>
        )}
      >
        {(typed, set, faults) => (
          <>
            <Select id="contact-who" label="Who made the contact?" empty="Select a worker" choices={workers} value={typed.who} onChange={(who) => set({ who })} error={faults["contact-who"]} />
            <DateInput id="contact-on" label="When was it?" hint="For example, 19 11 2026" value={typed.on} onChange={(on) => set({ on })} error={faults["contact-on"]} />
            <Radios id="contact-how" label="How was the contact made?" choices={hows} value={typed.how} onChange={(how) => set({ how })} error={faults["contact-how"]} />
            <TextField id="contact-minutes" label="How many minutes did it take?" hint="Of your own time, with travel and writing if your team counts them" width={4} value={typed.minutes} onChange={(minutes) => set({ minutes })} error={faults["contact-minutes"]} inputMode="numeric" />
            <TextArea id="contact-about" label="What was it about?" hint="It stands in the record: the person can read it" value={typed.about} onChange={(about) => set({ about })} error={faults["contact-about"]} rows={4} />
          </>
        )}
      </ActionForm>
    </Page>
  );
}
