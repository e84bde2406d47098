import { resolved, type Schema, type Spec } from "./spec";
import type { T } from "./words";

/** Field is a field of a body at any depth, or a parameter. */
export interface Field {
  path: string; // "desktops[].user_name"
  type: string;
  required: boolean;
  about: string;
  schema: Schema;
}

const deepest = 6;

/** fieldsOf lists the fields of an object and of the objects in it, those that must be given first at each level. */
export function fieldsOf(spec: Spec, schema: Schema, prefix = "", above: readonly Schema[] = []): Field[] {
  const s = inner(spec, schema);
  if (!s.properties || above.includes(s) || above.length >= deepest) return [];
  const required = new Set(s.required ?? []);
  const names = Object.keys(s.properties).sort(
    (a, b) => Number(required.has(b)) - Number(required.has(a)) || (a < b ? -1 : 1),
  );
  return names.flatMap((name) => {
    const field = s.properties?.[name] ?? {};
    const list = resolved(spec, field);
    const path = prefix + name + (list.items ? "[]" : "");
    const own = list.items ? { ...resolved(spec, list.items), ...bounds(list) } : list;
    return [
      {
        path,
        type: typeOf(spec, own),
        required: required.has(name),
        about: field.description ?? "",
        schema: own,
      },
      ...fieldsOf(spec, list.items ?? field, `${path}.`, [...above, s]),
    ];
  });
}

/** inner is the object that a schema is, or a list of which it is. */
function inner(spec: Spec, schema: Schema): Schema {
  const s = resolved(spec, schema);
  return s.items ? inner(spec, s.items) : s;
}

function bounds(list: Schema): Schema {
  const { minItems, maxItems } = list;
  return { ...(minItems !== undefined && { minItems }), ...(maxItems !== undefined && { maxItems }) };
}

export function typeOf(spec: Spec, schema: Schema): string {
  const s = resolved(spec, schema);
  const types = (Array.isArray(s.type) ? s.type : [s.type ?? "any"]).filter((t) => t !== "null");
  if (s.items) return `${typeOf(spec, s.items)}[]`;
  return s.format === "date-time" ? "time" : (types[0] ?? "any");
}

const refusal = "Refused: ";

/** isRefused reports whether a request may not have the field at all. */
export const isRefused = (f: Field) => f.about.startsWith(refusal);

/** whyRefused is the reason. */
export const whyRefused = (f: Field) => f.about.slice(refusal.length);

/** limitsOf says what of a field the server checks, as the description has it. */
export function limitsOf(s: Schema, t: T): string[] {
  const all: string[] = [];
  const range = (min?: number, max?: number) => {
    if (min !== undefined && max !== undefined)
      return min === max ? String(min) : t("limit.range", { min, max });
    if (max !== undefined) return t("limit.atMost", { n: max });
    return min === undefined || min === 0 ? "" : t("limit.atLeast", { n: min });
  };
  const number = range(s.minimum, s.maximum);
  if (number) all.push(number);
  const length = range(s.minLength, s.maxLength);
  if (length) all.push(t("limit.characters", { limit: length }));
  const items = range(s.minItems, s.maxItems);
  if (items) all.push(t("limit.items", { limit: items }));
  if (s.multipleOf) all.push(t("limit.multiple", { n: s.multipleOf }));
  if (s.enum?.length) all.push(t("limit.one", { values: s.enum.map(String).join(", ") }));
  if (s.default !== undefined && s.default !== "") all.push(t("limit.default", { value: String(s.default) }));
  return all;
}
