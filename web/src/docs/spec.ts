// The description of the API (/openapi.json), as far as this page reads it.

export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  enum?: unknown[];
  default?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
  oneOf?: Schema[];
  minimum?: number;
  maximum?: number;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
}

export interface Parameter {
  name: string;
  in: "path" | "query" | "header" | "cookie";
  required?: boolean;
  description?: string;
  schema?: Schema;
  example?: unknown;
}

export interface Content {
  schema?: Schema;
  example?: unknown;
}

export interface Answer {
  $ref?: string;
  description?: string;
  content?: Record<string, Content>;
}

export interface Permission {
  action: string;
  access: "read" | "write";
  resource_type: string;
  own?: boolean;
  dependencies?: string[];
}

export interface Sample {
  lang: string;
  label: string;
  source: string;
  setup?: string;
}

interface Described {
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, Content> };
  responses: Record<string, Answer>;
  security?: Record<string, string[]>[];
  "x-permission"?: Permission;
  "x-dry-run"?: boolean;
  "x-client-token"?: boolean;
  "x-sub-jobs"?: string[];
  "x-errors"?: string[];
  "x-codeSamples"?: Sample[];
}

export interface Operation extends Described {
  method: string;
  path: string;
}

export interface Failure {
  code: string;
  status: number;
  meaning: string;
  message: string;
  remedy: string;
  sub_jobs?: boolean;
}

export interface Document {
  paths: Record<string, Record<string, Described>>;
  components: { schemas: Record<string, Schema>; responses?: Record<string, Answer> };
  "x-errors": Failure[];
  "x-setups": Record<string, string>;
}

export interface Area {
  name: string;
  operations: Operation[];
}

export interface Spec {
  areas: Area[];
  operations: Map<string, Operation>;
  failures: Map<string, Failure>;
  setups: Record<string, string>;
  schemas: Record<string, Schema>;
}

const order = ["get", "head", "post", "put", "patch", "delete"];

/** specOf groups the operations of a document by area, those of one path beside each other. */
export function specOf(doc: Document): Spec {
  const all: Operation[] = [];
  for (const [path, methods] of Object.entries(doc.paths)) {
    for (const method of order) {
      const o = methods[method];
      if (o) all.push({ ...o, method: method.toUpperCase(), path });
    }
  }
  all.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)); // stable: methods keep their order
  const areas = new Map<string, Operation[]>();
  for (const o of all) {
    const name = o.tags[0] ?? "";
    areas.set(name, [...(areas.get(name) ?? []), o]);
  }
  return {
    areas: [...areas]
      .map(([name, operations]) => ({ name, operations }))
      .sort((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name, "en")),
    operations: new Map(all.map((o) => [o.operationId, o])),
    failures: new Map(doc["x-errors"].map((f) => [f.code, f])),
    setups: doc["x-setups"],
    schemas: doc.components.schemas,
  };
}

/** rank puts what people come for first: the Workspace API, then identities, then what only the portal calls. */
function rank(area: string): number {
  if (area.startsWith("portal") || area === "gateway") return 2;
  return area === "identity" ? 1 : 0;
}

/** resolved is a schema, or the one that it refers to. */
export function resolved(spec: Spec, s: Schema): Schema {
  const name = s.$ref?.replace("#/components/schemas/", "");
  return (name && spec.schemas[name]) || s;
}

/** changes reports whether a call changes something. */
export function changes(o: Operation): boolean {
  const access = o["x-permission"]?.access;
  if (o["x-dry-run"]) return true;
  if (o.method === "GET" || o.method === "HEAD") return false;
  return access !== "read";
}

const places = ["path", "query", "header", "cookie"];

/** inOrder are parameters as people read a request: from its path to its headers. */
export const inOrder = (parameters: Parameter[]) =>
  parameters.toSorted(
    (a, b) =>
      places.indexOf(a.in) - places.indexOf(b.in) || Number(b.required ?? 0) - Number(a.required ?? 0),
  );

/** ofPortal reports whether only the portal's own pages call an operation. */
export const ofPortal = (o: Operation) => o.path.startsWith("/portal/") || o.path.startsWith("/gateway/");

/** read asks the server for the description. */
export async function read(): Promise<Spec> {
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`${answer.status}`);
  return specOf((await answer.json()) as Document);
}
