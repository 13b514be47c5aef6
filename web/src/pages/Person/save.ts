// What a person writes goes into the record with who wrote it: the change and its Provenance in one transaction, from the version read.
import type { BundleEntry, FhirResource, Provenance } from "fhir/r4";
import { request, type Answer, type Bundle } from "../../api/client.ts";

export interface Write {
  resource: FhirResource;
  /** The version it started from; none for something new. */
  version?: string | undefined;
}
export interface Written {
  references: string[];
  resources: FhirResource[];
}

export const newId = (): string => `urn:uuid:${crypto.randomUUID()}`;

/** `fullUrls` gives new resources names by which others of the same transaction refer to them. */
export async function saveTogether(writes: Write[], about: { patient: string; practitioner: string; activity: string }, fullUrls: Record<number, string> = {}): Promise<Answer<Written>> {
  const entries: BundleEntry[] = writes.map(({ resource, version }, i) => {
    const { meta, ...rest } = resource;
    const kept = meta?.security || meta?.profile ? { ...rest, meta: { ...(meta.security ? { security: meta.security } : {}), ...(meta.profile ? { profile: meta.profile } : {}), ...(meta.source ? { source: meta.source } : {}) } } : rest;
    return resource.id
      ? { fullUrl: `${resource.resourceType}/${resource.id}`, resource: kept as FhirResource, request: { method: "PUT", url: `${resource.resourceType}/${resource.id}`, ...(version ? { ifMatch: `W/"${version}"` } : {}) } }
      : { fullUrl: fullUrls[i] ?? newId(), resource: kept as FhirResource, request: { method: "POST", url: resource.resourceType } };
  });
  const provenance: Provenance = {
    resourceType: "Provenance",
    target: [...entries.map((entry) => ({ reference: entry.fullUrl! })), { reference: `Patient/${about.patient}` }],
    recorded: new Date().toISOString(),
    activity: { text: about.activity },
    agent: [{ who: { reference: `Practitioner/${about.practitioner}` } }],
  };
  const body = { resourceType: "Bundle", type: "transaction", entry: [...entries, { fullUrl: newId(), resource: provenance, request: { method: "POST", url: "Provenance" } }] };
  const answer = await request<Bundle>("/fhir", { method: "POST", body, headers: { Prefer: "return=representation" } });
  if (!answer.ok) return answer;
  const resources = (answer.value.entry ?? []).slice(0, writes.length).flatMap((entry) => (entry.resource ? [entry.resource as FhirResource] : []));
  const references = (answer.value.entry ?? []).slice(0, writes.length).map((entry, i) => {
    const found = /([A-Za-z]+\/[^/]+)\/_history\//.exec(entry.response?.location ?? "")?.[1];
    return found ?? `${writes[i]!.resource.resourceType}/${resources[i]?.id ?? writes[i]!.resource.id ?? ""}`;
  });
  return { ok: true, value: { references, resources }, status: answer.status };
}
