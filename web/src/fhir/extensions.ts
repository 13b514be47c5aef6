// Reading and writing the extensions that the shared record"s own shapes use (urn:joinedup:…).
import type { CodeableConcept, Extension, Reference } from "fhir/r4";

export interface Extended {
  extension?: Extension[];
}

export const extensionsOf = (holder: Extended | undefined, url: string): Extension[] =>
  (holder?.extension ?? []).filter((one) => one.url === url);

export const extensionOf = (holder: Extended | undefined, url: string): Extension | undefined => extensionsOf(holder, url)[0];

/** The text or code of a part of a nested extension. */
export function partText(holder: Extended | undefined, url: string): string {
  const part = extensionOf(holder, url);
  return part?.valueString ?? part?.valueCode ?? part?.valueDate ?? part?.valueDateTime ?? "";
}

export const partReference = (holder: Extended | undefined, url: string): Reference | undefined => extensionOf(holder, url)?.valueReference;

/** A copy of `holder` whose extensions of `url` are these and no others; an empty list leaves none behind. */
export function withExtensions<T extends Extended>(holder: T, url: string, wanted: Extension[]): T {
  const extension = [...(holder.extension ?? []).filter((one) => one.url !== url), ...wanted];
  const { extension: _before, ...rest } = holder;
  return (extension.length > 0 ? { ...rest, extension } : rest) as T;
}

export const hasCode = (concepts: CodeableConcept | CodeableConcept[] | undefined, system: string, code: string): boolean =>
  (Array.isArray(concepts) ? concepts : concepts ? [concepts] : []).some((one) => one.coding?.some((coding) => coding.system === system && coding.code === code));

export const codeOf = (concepts: CodeableConcept | CodeableConcept[] | undefined, system: string): string | undefined =>
  (Array.isArray(concepts) ? concepts : concepts ? [concepts] : []).flatMap((one) => one.coding ?? []).find((coding) => coding.system === system)?.code;

export const conceptText = (concept: CodeableConcept | undefined): string => concept?.text ?? concept?.coding?.find((one) => one.display)?.display ?? concept?.coding?.[0]?.code ?? "";

export const idOf = (reference: Reference | string | undefined): string => {
  const written = typeof reference === "string" ? reference : reference?.reference;
  return written ? (written.replace(/\/_history\/.*$/, "").split("/").pop() ?? "") : "";
};
