import { describe, expect, it } from "vitest";
import { screenFor } from "./size";

describe("the screen that a window asks for", () => {
  it("is as large as the window", () => {
    expect(screenFor({ w: 1280, h: 800 }, 1)).toEqual({ w: 1280, h: 800 });
    expect(screenFor({ w: 1280, h: 800 }, 2)).toEqual({ w: 1280, h: 800 });
  });
  it("has the window's real pixels when the page is zoomed out", () => {
    expect(screenFor({ w: 11636, h: 6545 }, 0.33)).toEqual({ w: 3839, h: 2159 });
  });
  it("has whole pixels, and at least one", () => {
    expect(screenFor({ w: 1163.6, h: 727.2 }, 1.1)).toEqual({ w: 1163, h: 727 });
    expect(screenFor({ w: 0, h: 0 }, 1)).toEqual({ w: 1, h: 1 });
  });
});
