import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Refusal } from "../api";
import { backoff } from "./backoff";
import { afterClose, afterRefusal, closeCodes } from "./endings";
import { Meter } from "./quality";

const server = (path: string) => readFileSync(`../internal/${path}`, "utf8");

describe("the page and the server", () => {
  it("know the same close codes", () => {
    const named: Record<string, number> = {
      StatusNormalClosure: 1000,
      StatusUnsupportedData: 1003,
      StatusPolicyViolation: 1008,
      StatusServiceRestart: 1012,
    };
    const codes = [
      ...server("gateway/ending.go").matchAll(/Ending\{"\w+", (?:websocket\.(\w+)|(\d+)),/g),
    ].map(([, name, number]) => (name ? named[name] : Number(number)));
    expect(codes.length).toBeGreaterThan(8);
    expect(Object.keys(closeCodes).map(Number).sort()).toEqual(codes.sort());
  });
});

describe("after a connection ended", () => {
  it("a cut network and codes of another day are tried again", () => {
    for (const code of [1006, 1001, 4999]) expect(afterClose(code).kind).toBe("retry");
  });
  it("what needs the person is not", () => {
    for (const code of [4403, 4404, 4410, 4411]) expect(afterClose(code).kind).toBe("end");
  });
  it("a refused ticket says what to do", () => {
    const after = (status: number) => afterRefusal(new Refusal(status, "", "")).kind;
    expect([0, 500, 503, 502].map(after)).toEqual(["retry", "retry", "retry", "retry"]);
    expect([401, 403, 404].map(after)).toEqual(["end", "end", "end"]);
    expect(after(409)).toBe("look");
    expect(afterRefusal(new TypeError()).kind).toBe("retry");
  });
});

describe("the pauses between attempts", () => {
  it("begin short, grow and stay below a quarter of a minute", () => {
    const pauses = Array.from({ length: 20 }, (_, n) => backoff(n, 0.5));
    expect(pauses[0]).toBeLessThan(500);
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
    expect(Math.max(...Array.from({ length: 20 }, (_, n) => backoff(n, 1)))).toBeLessThan(15_000);
  });
});

describe("the quality of a connection", () => {
  it("does not change its mind for one slow answer", () => {
    const meter = new Meter();
    expect(meter.quality).toBe("unknown");
    for (const trip of [20, 30, 25, 2000]) meter.add(trip);
    expect(meter.quality).toBe("good");
    for (const trip of [400, 400, 400]) meter.add(trip);
    expect(meter.quality).toBe("poor");
  });
});
