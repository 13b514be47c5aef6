// Fields in NHS style: a label, a hint, and beside the field what is wrong and how to put it right.
//
//   <ErrorSummary faults={faults} />
//   <TextField id="reason" label="Reason" value={x} onChange={setX} error={faults.reason} />
//
// Faults are { fieldId: sentence }; faultsOf(problem, { reason: "reason" }) makes them out of what the server refused.
// The fields are nhsuk-react-components'; its buttons, radios, checkboxes and summary of errors are not used, since each fetches a
// second script for what we do not need of it (decision 66).
import { DateInput as NhsDateInput, ErrorMessage, Fieldset, HintText, Label, Select as NhsSelect, Textarea, TextInput } from "nhsuk-react-components";
import { useEffect, useId, useRef, type ButtonHTMLAttributes, type ChangeEvent, type HTMLAttributes, type ReactElement, type ReactNode } from "react";
import type { Problem } from "../api/client.ts";

export type Faults = Record<string, string | undefined>;

/** What a server refused, field by field. What it named no known field for stands under "". */
export function faultsOf(problem: Problem, fields: readonly string[] = []): Faults {
  const faults: Faults = {};
  for (const issue of problem.issues) {
    const named = issue.field?.replace(/^Parameters\./, "").replace(/^.*\.parameter\./, "") ?? "";
    const field = fields.find((one) => named === one || named.endsWith(`.${one}`) || named.includes(`'${one}'`)) ?? "";
    faults[field] ??= issue.sentence;
  }
  if (Object.keys(faults).length === 0) faults[""] = problem.sentence;
  return faults;
}

export function ErrorSummary({ faults, title = "There is a problem" }: { faults: Faults; title?: string }) {
  const box = useRef<HTMLDivElement>(null);
  const entries = Object.entries(faults).filter((one): one is [string, string] => Boolean(one[1]));
  const key = entries.map((one) => one.join(":")).join("|");
  useEffect(() => {
    if (key) box.current?.focus();
  }, [key]);
  if (entries.length === 0) return null;
  return (
    <div className="nhsuk-error-summary" role="alert" tabIndex={-1} ref={box} aria-labelledby="error-summary-title">
      <h2 className="nhsuk-error-summary__title" id="error-summary-title">
        {title}
      </h2>
      <div className="nhsuk-error-summary__body">
        <ul className="nhsuk-list nhsuk-error-summary__list">
          {entries.map(([field, sentence]) => (
            <li key={field}>
              {field ? (
                <a
                  href={`#${field}`}
                  onClick={(event) => {
                    event.preventDefault();
                    const input = document.getElementById(field);
                    input?.scrollIntoView({ block: "center" });
                    input?.focus();
                  }}
                >
                  {sentence}
                </a>
              ) : (
                sentence
              )}
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

export type Words = string | ReactElement;

interface Shared {
  id?: string;
  label: Words;
  hint?: Words | undefined;
  error?: string | undefined;
}

/** What the library's fields take of ours. */
function useField({ id, label, hint, error }: Shared) {
  const own = useId();
  const field = id ?? own;
  return { field, common: { id: field, name: field, label, "aria-invalid": error ? true : undefined, ...(hint ? { hint } : {}), ...(error ? { error } : {}) } as const };
}

/** Radios and checkboxes under one legend. */
function Group({ field, label, hint, error, children }: Shared & { field: string; children: ReactNode }) {
  const described = [hint ? `${field}--hint` : "", error ? `${field}--error-message` : ""].filter(Boolean).join(" ");
  return (
    <div className={`nhsuk-form-group${error ? " nhsuk-form-group--error" : ""}`}>
      <Fieldset aria-describedby={described || undefined}>
        <Fieldset.Legend size="s">{label}</Fieldset.Legend>
        <HintText id={`${field}--hint`}>{hint}</HintText>
        <ErrorMessage id={`${field}--error-message`}>{error}</ErrorMessage>
        {children}
      </Fieldset>
    </div>
  );
}

export interface TextFieldProps extends Shared {
  value: string;
  onChange: (value: string) => void;
  type?: "text" | "password" | "search" | "email" | "tel";
  width?: 2 | 3 | 4 | 5 | 10 | 20 | 30;
  inputMode?: HTMLAttributes<HTMLInputElement>["inputMode"];
  autoComplete?: string;
  autoFocus?: boolean;
  maxLength?: number;
}
export function TextField(props: TextFieldProps) {
  const { common } = useField(props);
  return (
    <TextInput
      {...common}
      {...(props.width ? { width: props.width } : {})}
      type={props.type ?? "text"}
      value={props.value}
      onChange={(event) => props.onChange(event.target.value)}
      autoComplete={props.autoComplete ?? "off"}
      inputMode={props.inputMode}
      autoFocus={props.autoFocus}
      maxLength={props.maxLength}
      spellCheck={props.type === "text" || props.type === undefined ? undefined : false}
    />
  );
}

export function TextArea(props: Shared & { value: string; onChange: (value: string) => void; rows?: number; maxLength?: number }) {
  const { common } = useField(props);
  return <Textarea {...common} rows={props.rows ?? 4} value={props.value} onChange={(event) => props.onChange(event.target.value)} maxLength={props.maxLength} />;
}

export interface Choice {
  value: string;
  label: ReactNode;
  hint?: ReactNode;
  disabled?: boolean;
}

export function Select(props: Shared & { value: string; onChange: (value: string) => void; choices: { value: string; label: string; disabled?: boolean }[]; empty?: string }) {
  const { common } = useField(props);
  return (
    <NhsSelect {...common} value={props.value} onChange={(event) => props.onChange(event.target.value)}>
      {props.empty !== undefined && <option value="">{props.empty}</option>}
      {props.choices.map((one) => (
        <option key={one.value} value={one.value} disabled={one.disabled}>
          {one.label}
        </option>
      ))}
    </NhsSelect>
  );
}

export function Radios(props: Shared & { value: string; onChange: (value: string) => void; choices: Choice[]; inline?: boolean; small?: boolean }) {
  const { field } = useField(props);
  return (
    <Group {...props} field={field}>
      <div className={`nhsuk-radios${props.inline ? " nhsuk-radios--inline" : ""}${props.small ? " nhsuk-radios--small" : ""}`}>
        {props.choices.map((one, index) => {
          const id = index === 0 ? field : `${field}-${index + 1}`;
          return (
            <div className="nhsuk-radios__item" key={one.value}>
              <input
                className="nhsuk-radios__input"
                type="radio"
                id={id}
                name={field}
                value={one.value}
                checked={props.value === one.value}
                disabled={one.disabled}
                onChange={() => props.onChange(one.value)}
                aria-describedby={one.hint ? `${id}--hint` : undefined}
              />
              <Label className="nhsuk-radios__label" htmlFor={id}>
                {one.label}
              </Label>
              <HintText className="nhsuk-radios__hint" id={`${id}--hint`}>
                {one.hint}
              </HintText>
            </div>
          );
        })}
      </div>
    </Group>
  );
}

export function Checkboxes(props: Shared & { values: string[]; onChange: (values: string[]) => void; choices: Choice[]; small?: boolean }) {
  const { field } = useField(props);
  return (
    <Group {...props} field={field}>
      <div className={`nhsuk-checkboxes${props.small ? " nhsuk-checkboxes--small" : ""}`}>
        {props.choices.map((one, index) => {
          const id = index === 0 ? field : `${field}-${index + 1}`;
          return (
            <div className="nhsuk-checkboxes__item" key={one.value}>
              <input
                className="nhsuk-checkboxes__input"
                type="checkbox"
                id={id}
                name={field}
                value={one.value}
                checked={props.values.includes(one.value)}
                disabled={one.disabled}
                onChange={(event) => props.onChange(event.target.checked ? [...props.values, one.value] : props.values.filter((value) => value !== one.value))}
                aria-describedby={one.hint ? `${id}--hint` : undefined}
              />
              <Label className="nhsuk-checkboxes__label" htmlFor={id}>
                {one.label}
              </Label>
              <HintText className="nhsuk-checkboxes__hint" id={`${id}--hint`}>
                {one.hint}
              </HintText>
            </div>
          );
        })}
      </div>
    </Group>
  );
}

/** A date in three boxes. `value` is what was typed, so that a wrong one stays to be put right; isoDate() reads it. */
export interface DateParts {
  day: string;
  month: string;
  year: string;
}
export const emptyDate: DateParts = { day: "", month: "", year: "" };
export const dateParts = (iso: string | undefined): DateParts => {
  const [year = "", month = "", day = ""] = (iso ?? "").slice(0, 10).split("-");
  return iso ? { day: String(Number(day) || ""), month: String(Number(month) || ""), year } : emptyDate;
};
const monthNames = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/** "2026-11-19", or a sentence that says what is wrong: `"error" in read`. `what`: "Review date". */
export function isoDate(parts: DateParts, what: string): { iso: string } | { error: string } {
  const missing = (["day", "month", "year"] as const).filter((one) => !parts[one].trim());
  if (missing.length === 3) return { error: `Enter the ${what.toLowerCase()}` };
  if (missing.length > 0) return { error: `${what} must include a ${missing.join(" and a ")}` };
  const named = monthNames.indexOf(parts.month.trim().toLowerCase().slice(0, 3));
  const day = Number(parts.day);
  const month = named >= 0 ? named + 1 : Number(parts.month);
  const year = Number(parts.year);
  const at = new Date(Date.UTC(year, month - 1, day));
  const isReal = parts.year.trim().length === 4 && at.getUTCFullYear() === year && at.getUTCMonth() === month - 1 && at.getUTCDate() === day;
  if (!isReal) return { error: `${what} must be a real date, such as 19 11 2026` };
  return { iso: at.toISOString().slice(0, 10) };
}
export function DateInput({ label, ...props }: Shared & { value: DateParts; onChange: (value: DateParts) => void }) {
  const { field, common } = useField({ label, ...props });
  // Each box is put together with what the others hold now: the library would with what they held when it was first shown.
  const box = (part: keyof DateParts) => ({
    id: part === "day" ? field : `${field}-${part}`,
    autoComplete: "off",
    value: props.value[part],
    "aria-invalid": common["aria-invalid"],
    onChange: (event: ChangeEvent<HTMLInputElement>) => {
      event.stopPropagation();
      props.onChange({ ...props.value, [part]: event.target.value });
    },
  });
  return (
    <NhsDateInput {...(common.hint ? { hint: common.hint } : {})} {...(common.error ? { error: common.error } : {})} id={`${field}-date`} name={`${field}-date`} legend={label} legendProps={{ size: "s" }}>
      <NhsDateInput.Day {...box("day")} />
      <NhsDateInput.Month {...box("month")} />
      <NhsDateInput.Year {...box("year")} />
    </NhsDateInput>
  );
}

export function Button({
  kind = "primary",
  busy = false,
  small,
  className,
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { kind?: "primary" | "secondary" | "reverse" | "warning" | "link"; busy?: boolean; small?: boolean }) {
  const look = kind === "link" ? "ju-link-button" : `nhsuk-button${kind === "primary" ? "" : ` nhsuk-button--${kind}`}${small ? " nhsuk-button--small ju-button--small" : ""}`;
  return <button type="button" {...rest} aria-disabled={busy || undefined} className={`${look}${className ? ` ${className}` : ""}`} />;
}
