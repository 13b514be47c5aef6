import type { Encounter } from "fhir/r4";
import { useEffect, useMemo, useState } from "react";
import { Link } from "react-router";
import { hasRole, useSession } from "../../api/session.tsx";
import { date, name } from "../../fhir/format.ts";
import { questionnaireTitle } from "../../fhir/person.ts";
import { entryKey, filtered, settingWords, timelineOf, yearsOf, type Setting } from "../../fhir/timeline.ts";
import { Checkboxes, Select, TextField } from "../../parts/form.tsx";
import { Page } from "../../parts/Frame.tsx";
import { Pages } from "../../parts/Pages.tsx";
import { Tag } from "../../parts/Tag.tsx";
import { useAddress } from "../../parts/useAddress.ts";
import { readAll, usePerson } from "./usePerson.ts";

const perPage = 50;

export default function Timeline() {
  const { record, id, turn, today, name: called, patient } = usePerson();
  const address = useAddress();
  const mayWithhold = hasRole(useSession(), "safeguarding_lead");
  const [older, setOlder] = useState<Encounter[]>([]);
  const [fault, setFault] = useState("");
  const isCut = record.cut.has("Encounter");
  useEffect(() => {
    if (!isCut) return;
    let isHere = true;
    void readAll<Encounter>(`Encounter?patient=${id}&_sort=-date&_count=200`).then((read) => {
      if (!isHere) return;
      setOlder(read.resources);
      setFault(read.problem?.sentence ?? "");
    });
    return () => {
      isHere = false;
    };
  }, [id, isCut]);
  const all = useMemo(
    () => {
      const encounters = new Map([...older, ...record.all("Encounter")].map((one) => [one.id, one]));
      return timelineOf(
        [...encounters.values(), ...record.all("ServiceRequest"), ...record.all("EpisodeOfCare"), ...record.all("QuestionnaireResponse"), ...record.all("Appointment"), ...record.all("Communication")],
        { name: called, questionnaire: (canonical) => questionnaireTitle(record, canonical) },
      );
    },
    [record, turn, older, called], // eslint-disable-line react-hooks/exhaustive-deps
  );
  // Chosen at once; the address follows, so that going back, sharing and reloading lose nothing.
  const [settings, setSettings] = useState<Setting[]>(() => address.get("setting").split(",").filter((one): one is Setting => one in settingWords));
  const [year, setYear] = useState(() => address.get("year"));
  const [words, setWords] = useState(""); // not in the address: what is typed may be personal
  const shown = filtered(all, { settings: new Set(settings), year, words }, today);
  const pages = Math.max(1, Math.ceil(shown.length / perPage));
  const page = Math.min(pages, Math.max(1, address.page || 1));
  const present = (Object.keys(settingWords) as Setting[]).filter((setting) => all.some((one) => one.setting === setting));
  const years = [...new Set(all.flatMap((one) => yearsOf(one, today)))].sort().reverse();
  return (
    <Page title={`Timeline of ${name(patient)}`} heading="Timeline">
      <p>Contacts, stays, packages, assessments and steps of the case from every partner that shares them, newest first.</p>
      <form className="ju-no-print" role="search" aria-label="Timeline" onSubmit={(event) => event.preventDefault()}>
        <div className="ju-settings">
          <Checkboxes label="Settings" hint="All are shown until you choose" small choices={present.map((setting) => ({ value: setting, label: settingWords[setting] }))} values={settings} onChange={(values) => {
              setSettings(values as Setting[]);
              address.choose("setting", values.join(","), { replace: true });
            }}
          />
        </div>
        <div className="ju-filters">
          <Select label="Year" empty="All years" choices={years.map((one) => ({ value: one, label: one }))} value={year} onChange={(value) => {
              setYear(value);
              address.choose("year", value, { replace: true });
            }}
          />
          <TextField label="Words" type="search" width={20} value={words} onChange={setWords} />
        </div>
      </form>
      {fault && <p role="alert">Older contacts could not be read. {fault}</p>}
      <p role="status">
        {shown.length === all.length ? `${all.length} entries` : `${shown.length} of ${all.length} entries`}
        {pages > 1 ? `, page ${page} of ${pages}` : ""}
      </p>
      <ol className="ju-timeline" aria-label="Timeline entries">
        {shown.slice((page - 1) * perPage, page * perPage).map((one) => (
          <li key={entryKey(one)}>
            <div>
              <strong>{date(one.from)}</strong>
              {one.until && one.until !== one.from && <> to {date(one.until)}</>}
              {one.ongoing && <> and going on</>}
            </div>
            <div>
              <span className="ju-timeline__what">{one.what}</span> <Tag colour="grey">{settingWords[one.setting]}</Tag> {one.planned && <Tag colour="blue">Planned</Tag>} {one.restricted && <Tag colour="orange">Restricted</Tag>}
              <div className="ju-quiet">{[one.where, one.detail].filter(Boolean).join(". ")}</div>
              {mayWithhold && (
                <Link className="ju-no-print" to={`/person/${id}/sharing`} state={{ withhold: one.reference }}>
                  Withhold
                  <span className="nhsuk-u-visually-hidden">
                    : {date(one.from)} {one.what}
                  </span>
                </Link>
              )}
            </div>
          </li>
        ))}
      </ol>
      {shown.length === 0 && <p>Nothing fits these filters.</p>}
      <Pages page={page} pages={pages} to={address.to} />
      <p className="ju-quiet">What a partner does not share, or what is restricted for your role, is not here. An empty stretch does not mean that nothing happened.</p>
    </Page>
  );
}
