import { describe, expect, it } from "vitest";
import { checkPassword, fulfilled } from "./passwordRules";

describe("the password rules", () => {
  it("accept three kinds of characters", () => {
    for (const good of ["Abcdefg1", "abcdefg1!", "ABCDEFG1!", "密码Abc123", "Ab1 with spaces"])
      expect(fulfilled(checkPassword(good, good, "demo")), good).toBe(true);
  });
  it("refuse what is too short, too long or too plain", () => {
    expect(checkPassword("Ab1!xyz", "", "demo").length).toBe(false);
    expect(checkPassword(`Ab1!${"x".repeat(61)}`, "", "demo").length).toBe(false);
    expect(checkPassword("abcdefgh1", "", "demo").kinds).toBe(false);
  });
  it("refuse the user name whatever its case", () =>
    expect(checkPassword("xDEMOx123!", "", "demo").name).toBe(false));
  it("want it twice the same", () => expect(checkPassword("Abcdefg1", "Abcdefg2", "demo").same).toBe(false));
  it("are stricter where the project says so", () => {
    const strict = { min_length: 12, min_kinds: 4 };
    expect(checkPassword("Abcdefg1!xy", "", "demo", strict).length).toBe(false);
    expect(checkPassword("Abcdefg1xyzw", "", "demo", strict).kinds).toBe(false);
    expect(fulfilled(checkPassword("Abcdefg1!xyz", "Abcdefg1!xyz", "demo", strict))).toBe(true);
  });
  it("count an astral character as one", () =>
    expect(checkPassword("Ab1😀😀😀😀", "", "demo").length).toBe(false));
});
