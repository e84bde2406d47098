import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { addressOf, blanks, faultOfJSON, missing, pretty } from "./call";
import { fieldsOf, isRefused, limitsOf, whyRefused } from "./fields";
import { indexOf, search } from "./search";
import { changes, type Document, ofPortal, specOf } from "./spec";
import { words } from "./words";
import { en } from "./words.en";
import { zh } from "./words.zh";

const permission = (access: "read" | "write") => ({
  action: "workspace:things:do",
  access,
  resource_type: "thing",
});
const answer = { "200": { description: "OK" } };
const document: Document = {
  paths: {
    "/v2/{project_id}/things": {
      post: {
        operationId: "CreateThing",
        summary: "Create a thing",
        tags: ["things"],
        responses: answer,
        requestBody: {
          content: { "application/json": { schema: { $ref: "#/components/schemas/CreateThingReq" } } },
        },
        "x-permission": permission("write"),
        "x-dry-run": true,
      },
      get: {
        operationId: "ListThings",
        summary: "List things",
        tags: ["things"],
        responses: answer,
        parameters: [
          { name: "project_id", in: "path", required: true },
          { name: "name", in: "query" },
        ],
        "x-permission": permission("read"),
      },
    },
    "/v2/{project_id}/things/filter": {
      post: {
        operationId: "FilterThings",
        summary: "Filter",
        tags: ["things"],
        responses: answer,
        "x-permission": permission("read"),
      },
    },
    "/portal/api/sign-in": {
      post: { operationId: "PortalSignIn", summary: "Sign in", tags: ["portal: user"], responses: answer },
    },
    "/v3/users": {
      get: { operationId: "ListUsers", summary: "List users", tags: ["identity"], responses: answer },
    },
  },
  components: {
    schemas: {
      CreateThingReq: {
        type: "object",
        required: ["size"],
        properties: {
          names: { type: "array", minItems: 1, maxItems: 5, items: { type: "string", maxLength: 9 } },
          eip: { type: "string", description: "Refused: there are none" },
          size: { type: "integer", minimum: 10, maximum: 20, multipleOf: 10 },
          parts: { type: "array", items: { $ref: "#/components/schemas/Part" } },
        },
      },
      Part: {
        type: "object",
        properties: {
          kind: { type: "string", enum: ["SAS", "SSD"], default: "SAS" },
          within: { $ref: "#/components/schemas/Part" },
        },
      },
    },
  },
  "x-errors": [],
  "x-setups": {},
};
const spec = specOf(document);
const operation = (id: string) => {
  const o = spec.operations.get(id);
  if (!o) throw new Error(`there is no ${id}`);
  return o;
};
const t = (key: keyof typeof en, fill: Record<string, string | number> = {}) =>
  en[key].replace(/\{(\w+)\}/g, (_, name: string) => String(fill[name]));

describe("the description", () => {
  it("puts the API first, then identities, then the portal", () =>
    expect(spec.areas.map((a) => a.name)).toEqual(["things", "identity", "portal: user"]));
  it("knows what changes something", () =>
    expect(
      ["CreateThing", "ListThings", "FilterThings", "PortalSignIn"].map((id) => changes(operation(id))),
    ).toEqual([true, false, false, true]));
  it("knows what only the portal calls", () => expect(ofPortal(operation("PortalSignIn"))).toBe(true));
});

describe("fields", () => {
  const schema = operation("CreateThing").requestBody?.content["application/json"]?.schema ?? {};
  const fields = fieldsOf(spec, schema);
  it("are named by their path, the required first, and end where they would begin again", () =>
    expect(fields.map((f) => f.path)).toEqual([
      "size",
      "eip",
      "names[]",
      "parts[]",
      "parts[].kind",
      "parts[].within",
    ]));
  it("have limits", () =>
    expect(fields.map((f) => limitsOf(f.schema, t).join("; "))).toEqual([
      "10 to 20; a multiple of 10",
      "",
      "at most 9 characters; 1 to 5 items",
      "",
      "one of: SAS, SSD; SAS if absent",
      "",
    ]));
  it("may be refused", () => expect(fields.filter(isRefused).map(whyRefused)).toEqual(["there are none"]));
});

describe("searching", () => {
  const found = (text: string) =>
    search(spec, indexOf(spec), text).flatMap((a) => a.operations.map((o) => o.operationId));
  it("wants every word, in any case", () => expect(found("THINGS create")).toEqual(["CreateThing"]));
  it("finds fields and actions", () => {
    expect(found("parts[].kind")).toEqual(["CreateThing"]);
    expect(found("things:do")).toHaveLength(3);
  });
  it("shows everything without words, and nothing for nonsense", () => {
    expect(found("  ")).toHaveLength(5);
    expect(found("nonsense")).toEqual([]);
  });
});

describe("a call", () => {
  const filled = (parameters: Record<string, string>) => ({ parameters, body: "", file: null });
  it("has its parameters where they belong", () =>
    expect(addressOf(operation("ListThings"), filled({ project_id: "a/b", name: "x & y" }))).toBe(
      "/v2/a%2Fb/things?name=x+%26+y",
    ));
  it("lacks what must be given", () =>
    expect(missing(operation("ListThings"), filled({ name: "x" }))).toEqual(["project_id"]));
  it("has blanks to fill in", () =>
    expect(blanks('{"a": "$DESKTOP_ID", "b": "$5", "c": "$DESKTOP_ID"}')).toEqual(["$DESKTOP_ID"]));
  it("says what is no JSON", () => {
    expect(faultOfJSON("")).toBe("");
    expect(faultOfJSON("{")).not.toBe("");
    expect(pretty("no json")).toBe("no json");
  });
});

describe("the words", () => {
  const holes = (s: string) => [...s.matchAll(/\{\w+\}/g)].map(String).sort();
  it("are the same in each language, with the same things to fill in", () => {
    expect(Object.keys(zh)).toEqual(Object.keys(en));
    for (const [word, sentence] of Object.entries(zh)) {
      expect(sentence.trim(), word).not.toBe("");
      expect(holes(sentence), word).toEqual(holes(words.en[word as keyof typeof en]));
    }
  });
  it("are all said", () => {
    const source = readdirSync("src/docs", { encoding: "utf8" })
      .filter((name) => /\.tsx?$/.test(name) && !/\.test\.|^words\./.test(name))
      .map((name) => readFileSync(`src/docs/${name}`, "utf8"))
      .join("\n");
    const unsaid = Object.keys(en).filter((word) => {
      const prefix = word.slice(0, word.lastIndexOf(".") + 1);
      return !source.includes(`"${word}"`) && !source.includes(`\`${prefix}\${`);
    });
    expect(unsaid).toEqual([]);
  });
});
