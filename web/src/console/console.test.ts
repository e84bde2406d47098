import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { languages } from "../i18n/language";
import { presenceAt } from "./activity";
import { addressOf } from "./api";
import { isOver, partsDone, partsOf } from "./desktops/bulk";
import { chosenOf, usual } from "./desktops/columns";
import { stateOf, timeOf, toneOf } from "./desktops/desktop";
import { filtersOf, isTag, noFilters, searchOf } from "./desktops/filters";
import { newest } from "./jobs/newest";
import { remediesOf } from "./jobs/remedies";
import { causesOf } from "./overview/causes";
import { addressOfPlace, placeOf } from "./place";
import { words } from "./words";

const holes = (s: string) => [...s.matchAll(/\{\w+\}/g)].map(String).sort();

describe("the words", () => {
  for (const language of languages) {
    it(`are there in ${language}, with the same things to fill in`, () => {
      expect(Object.keys(words[language])).toEqual(Object.keys(words.en));
      for (const [key, sentence] of Object.entries(words[language])) {
        expect(sentence.trim(), key).not.toBe("");
        expect(holes(sentence), key).toEqual(holes(words.en[key as keyof typeof words.en]));
      }
    });
  }

  it("are all said by some page", () => {
    const source = readdirSync("src/console", { recursive: true, encoding: "utf8" })
      .filter((name) => /\.tsx?$/.test(name) && !/words\.|\.test\.|api\.gen/.test(name))
      .map((name) => readFileSync(join("src/console", name), "utf8"))
      .join("\n");
    const unsaid = Object.keys(words.en).filter((key) => {
      const prefix = key.slice(0, key.lastIndexOf(".") + 1);
      return !source.includes(`"${key}"`) && !source.includes(`\`${prefix}\${`);
    });
    expect(unsaid).toEqual([]);
  });
});

describe("an address", () => {
  it("names a project, a page and a thing", () => {
    expect(placeOf("/console/")).toEqual({ project: "", page: "overview", id: "" });
    expect(placeOf("/console")).toEqual({ project: "", page: "overview", id: "" });
    expect(placeOf("/console/p1/desktops")).toEqual({ project: "p1", page: "desktops", id: "" });
    expect(placeOf(addressOfPlace("p 1", "jobs", "a/b"))).toEqual({
      project: "p 1",
      page: "jobs",
      id: "a/b",
    });
  });

  it("of what is not there is nothing's", () => {
    for (const path of ["/console/p1/nonsense", "/console/p1/jobs/1/2", "/console/p1/overview/1"])
      expect(placeOf(path).page, path).toBe("nothing");
  });

  it("that cannot be decoded is taken as it is", () => {
    expect(placeOf("/console/p1/desktops/%")).toEqual({ project: "p1", page: "desktops", id: "%" });
  });

  it("of a call is filled in, without what is empty", () => {
    expect(
      addressOf("/v2/{project_id}/desktops", { project_id: "a/b" }, { status: "", limit: 1, tag: undefined }),
    ).toBe("/v2/a%2Fb/desktops?limit=1");
  });
});

describe("filters", () => {
  it("are in the address as they were", () => {
    const all = {
      ...noFilters,
      text: "a&b",
      status: "ERROR",
      tag: "team=ä",
      sort: "created",
      order: "DESC",
    } as const;
    expect(filtersOf(searchOf(all))).toEqual(all);
    expect(searchOf(noFilters)).toBe("");
    expect(filtersOf("?sort=nonsense&order=nonsense&other=1")).toEqual(noFilters);
  });

  it("know a tag", () => {
    expect(["a=b", "a=", "=b", "a"].map(isTag)).toEqual([true, true, false, false]);
  });
});

describe("columns", () => {
  it("are those that were chosen, and known", () => {
    expect(chosenOf(null)).toEqual(usual);
    expect(chosenOf("")).toEqual([]);
    expect(chosenOf("zone,nonsense,people")).toEqual(["people", "zone"]);
  });
});

describe("work on many desktops", () => {
  it("is divided into what one call takes", () => {
    const parts = partsOf(Array.from({ length: 250 }, (_, i) => i));
    expect(parts.map((p) => p.length)).toEqual([100, 100, 50]);
    expect(partsOf([])).toEqual([]);
  });

  it("shows what failed first, by the names of the desktops", () => {
    const sub = (id: string, status: string, desktop_id: string) => ({
      id,
      status,
      entities: { desktop_id },
      fail_reason: "",
    });
    const parts = partsDone(
      [sub("1", "SUCCESS", "a"), sub("2", "RUNNING", "b"), sub("3", "FAILED", "c"), sub("4", "FAILED", "d")],
      new Map([
        ["c", "zebra"],
        ["d", "ant"],
      ]),
    );
    expect(parts.map((p) => p.name)).toEqual(["ant", "zebra", "b", "a"]);
    expect(isOver(parts)).toBe(false);
    expect(isOver(parts.filter((p) => p.status !== "RUNNING"))).toBe(true);
  });
});

describe("a desktop", () => {
  it("has the colour of its state", () => {
    expect(toneOf({ status: "ERROR", task_status: "rebooting" })).toBe("bad");
    expect(toneOf({ status: "ACTIVE", task_status: "rebooting" })).toBe("moving");
    expect(toneOf({ status: "ACTIVE", task_status: "" })).toBe("on");
    expect(toneOf({ status: "SHUTOFF", task_status: "" })).toBe("off");
  });

  it("says a state that has no words as the API does", () => {
    expect(stateOf("NEVER_HEARD_OF", (key) => key)).toBe("NEVER_HEARD_OF");
    expect(stateOf("ACTIVE", (key) => words.zh[key])).toBe("运行中");
  });

  it("has no time where the API has none", () => {
    expect([undefined, "", "nonsense"].map((time) => timeOf(time, "en"))).toEqual(["", "", ""]);
    expect(timeOf("2026-03-01T12:00:00Z", "en")).toContain("2026");
  });
});

describe("jobs", () => {
  it("are asked for from the end of the list", () => {
    expect(newest(120, 0, 50)).toEqual({ offset: 70, limit: 50 });
    expect(newest(120, 2, 50)).toEqual({ offset: 0, limit: 20 });
    expect(newest(120, 3, 50)).toEqual({ offset: 0, limit: 0 });
    expect(newest(0, 0, 50)).toEqual({ offset: 0, limit: 0 });
  });

  it("have what helps", () => {
    const d = { "x-errors": [{ code: "A", remedy: "wait" }, { code: "B" }, { code: "C", remedy: "" }] };
    expect([...remediesOf(d)]).toEqual([["A", "wait"]]);
    expect(remediesOf({}).size).toBe(0);
  });
});

describe("causes", () => {
  const failed = (error_code: string, end_time: string, fail_reason = "") => ({
    job_id: end_time,
    job_type: "createDesktops",
    error_code,
    end_time,
    fail_reason,
  });

  it("are grouped, the most frequent first, with the last reason", () => {
    const since = Date.parse("2026-03-01T00:00:00Z");
    const causes = causesOf(
      [
        failed("A", "2026-03-01T01:00:00Z"),
        failed("B", "2026-03-01T03:00:00Z", "new"),
        failed("B", "2026-03-01T02:00:00Z", "old"),
        failed("A", "2026-02-28T23:59:59Z"),
        failed("A", ""),
      ],
      since,
    );
    expect(causes.map((c) => [c.code, c.times, c.reason])).toEqual([
      ["B", 2, "new"],
      ["A", 1, ""],
    ]);
  });
});

describe("presence", () => {
  it("ends a minute after the last input", () => {
    expect(presenceAt(0, 59_999)).toBe("active");
    expect(presenceAt(0, 60_000)).toBe("idle");
  });
});
