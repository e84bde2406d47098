import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { catalogues, choose, languages, translate } from ".";

const holes = (s: string) => [...s.matchAll(/\{\w+\}/g)].map(String).sort();

describe("the catalogues", () => {
  for (const language of languages) {
    it(`have every sentence in ${language}, with the same things to fill in`, () => {
      expect(Object.keys(catalogues[language])).toEqual(Object.keys(catalogues.en));
      for (const [word, sentence] of Object.entries(catalogues[language])) {
        expect(sentence.trim(), word).not.toBe("");
        expect(holes(sentence), word).toEqual(holes(catalogues.en[word as keyof typeof catalogues.en]));
      }
    });
  }

  it("hold no sentence that no page says", () => {
    const source = readdirSync("src/portal", { recursive: true, encoding: "utf8" })
      .filter((name) => /\.tsx?$/.test(name) && !name.includes(".test."))
      .map((name) => readFileSync(join("src/portal", name), "utf8"))
      .join("\n");
    // Words that are put together, such as state.${card.why}, are said by their first part.
    const unsaid = Object.keys(catalogues.en).filter((word) => {
      const prefix = word.slice(0, word.lastIndexOf(".") + 1);
      const whole = word.replace(/Label$/, ""); // said as `${verb}Label`
      return (
        !source.includes(`"${word}"`) && !source.includes(`"${whole}"`) && !source.includes(`\`${prefix}\${`)
      );
    });
    expect(unsaid).toEqual([]);
  });
});

describe("choosing a language", () => {
  it("takes the first that we speak", () => {
    expect(choose([null, "fr-FR", "zh-Hans-CN", "en"])).toBe("zh");
    expect(choose([undefined, "en-GB", "zh"])).toBe("en");
  });
  it("falls back to English", () => expect(choose(["fr", "xx"])).toBe("en"));
});

describe("saying a sentence", () => {
  it("fills in names", () => expect(translate("en", "cards.openLabel", { name: "D-1" })).toBe("Open D-1"));
  it("does not read patterns in what it fills in", () =>
    expect(translate("en", "cards.openLabel", { name: "$&{name}" })).toBe("Open $&{name}"));
});
