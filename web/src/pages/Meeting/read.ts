import { meetingKey } from "../../fhir/meeting.ts";

/** Everything about one meeting, as one batch. The List names no patient, so that each reader sees the items they may see. */
export const questionsOf = (id: string): string[] => [
  `Appointment/${id}`,
  `List?identifier=${encodeURIComponent(meetingKey(id))}`,
  `Task?group-identifier=${encodeURIComponent(meetingKey(id))}&_include=Task:patient&_count=200`,
];

/** Decisions of other meetings that are still open: they come back until they are carried out. */
export const openDecisions = "Task?code=urn:joinedup:task|decision&status=requested,received,accepted,ready,in-progress,on-hold&_include=Task:patient&_count=200";

export const meetingTypes = ["Appointment", "List", "Task"];
