import { fieldsOf } from "./fields";
import type { Area, Operation, Spec } from "./spec";

/** Index is what is searched of each operation, in small letters. It is made once for a description. */
export type Index = Map<Operation, { name: string; all: string }>;

export function indexOf(spec: Spec): Index {
  const index: Index = new Map();
  for (const o of spec.operations.values()) {
    const body = Object.values(o.requestBody?.content ?? {}).flatMap((c) =>
      c.schema ? fieldsOf(spec, c.schema).map((f) => f.path) : [],
    );
    const words = [
      o.operationId,
      o.method,
      o.path,
      o.summary,
      o.tags[0],
      o["x-permission"]?.action,
      ...(o["x-sub-jobs"] ?? []),
      ...(o.parameters ?? []).map((p) => p.name),
      ...body,
    ];
    index.set(o, { name: o.operationId.toLowerCase(), all: words.join(" ").toLowerCase() });
  }
  return index;
}

/** search returns the areas with the operations that have all words; those with a word in their name come first in their area. */
export function search(spec: Spec, index: Index, text: string): Area[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return spec.areas;
  const named = (o: Operation) => words.some((w) => index.get(o)?.name.includes(w));
  return spec.areas
    .map(({ name, operations }) => ({
      name,
      operations: operations
        .filter((o) => words.every((w) => index.get(o)?.all.includes(w)))
        .sort((a, b) => Number(named(b)) - Number(named(a))),
    }))
    .filter((a) => a.operations.length > 0);
}
