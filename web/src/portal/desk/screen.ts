import type RFB from "@novnc/novnc";
import type { MessageKey } from "../../i18n";
import { api } from "../api";
import { backoff } from "./backoff";
import { afterClose, afterRefusal, type Verdict } from "./endings";
import { Meter, pictureLevel, type Quality } from "./quality";

/** Phase is where the way to a desktop's screen stands. */
export type Phase =
  | { at: "opening" }
  | { at: "shown" }
  | { at: "retrying"; why: MessageKey; attempt: number; due: number } // due: Date.now() of the next attempt
  | { at: "look"; attempt: number } // it does not run, says the server: its card knows more
  | { at: "ended"; why: "replaced" | "loggedOff" | "access" | "gone" | "signedOut" };

/** Environment is what a Screen needs from the browser and the server; tests have their own. */
export interface Environment {
  ticket: (id: string) => Promise<string>;
  ping: (timeout: number) => Promise<void>;
  socket: (url: string) => WebSocket;
  /** viewer loads what shows screens. It must be there before the socket opens, whose first message counts. */
  viewer: () => Promise<(target: HTMLElement, socket: WebSocket) => RFB>;
}

const pingPause = 5000;
const pingTimeout = 8000;
const settleTime = 10_000; // a screen that lasted this long was fine: the next failure is a first one

export const browser: Environment = {
  ticket: api.ticket,
  ping: api.ping,
  socket: (url) => new WebSocket(url, ["binary"]),
  viewer: async () => {
    const { default: Viewer } = await import("./viewer");
    return (target, socket) => new Viewer(target, socket, { shared: true });
  },
};

/**
 * Screen shows a desktop in an element and keeps it shown: it gets a ticket, connects, and after whatever cuts the
 * connection does so again, more and more slowly, until somebody ends it or the server says that it is no use. Events:
 * "change" when phase or quality did, "clipboard" (a CustomEvent of a string) when something was copied in the desktop.
 */
export class Screen extends EventTarget {
  phase: Phase = { at: "look", attempt: 0 };
  quality: Quality = "unknown";
  viewer: RFB | null = null;

  private attempt = 0;
  private shownAt = 0;
  private round = 0; // of connecting; what belongs to an earlier one is ignored
  private timer: ReturnType<typeof setTimeout> | undefined;
  private pinger: ReturnType<typeof setTimeout> | undefined;
  private socket: WebSocket | null = null;
  private meter = new Meter();
  private readonly leaving = new AbortController();

  constructor(
    private readonly target: HTMLElement,
    private readonly desktop: string,
    private readonly environment: Environment,
  ) {
    super();
    const { signal } = this.leaving;
    window.addEventListener("online", () => this.hurry(), { signal });
    window.addEventListener("offline", () => this.cut(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry(), { signal });
  }

  /** open begins, or begins anew at once; with a ticket that is at hand already, or it asks for one. */
  open(ticket?: string) {
    clearTimeout(this.timer);
    this.attempt = 0;
    void this.connect(ticket);
  }

  /** hurry makes the next attempt now if one is due later. */
  hurry() {
    if (this.phase.at !== "retrying") return;
    clearTimeout(this.timer);
    void this.connect();
  }

  /** close ends it for good. */
  close() {
    this.leaving.abort();
    clearTimeout(this.timer);
    this.drop();
  }

  private async connect(atHand?: string) {
    this.drop();
    const round = ++this.round;
    const current = () => round === this.round && !this.leaving.signal.aborted;
    if (this.attempt === 0) this.enter({ at: "opening" });
    try {
      const [ticket, makeViewer] = await Promise.all([
        atHand ?? this.environment.ticket(this.desktop),
        this.environment.viewer(),
      ]);
      if (!current()) return;
      const scheme = location.protocol === "https:" ? "wss" : "ws";
      const socket = this.environment.socket(`${scheme}://${location.host}/gateway/display?ticket=${ticket}`);
      this.socket = socket;
      socket.addEventListener("close", (e) => {
        if (current()) this.follow(afterClose(e.code));
      });
      this.show(makeViewer(this.target, socket), current);
    } catch (e) {
      if (current()) this.follow(afterRefusal(e));
    }
  }

  private show(viewer: RFB, current: () => boolean) {
    this.viewer = viewer;
    viewer.background = "transparent";
    viewer.resizeSession = true;
    viewer.scaleViewport = true; // a window that is larger than the desktop's memory allows gets a smaller screen, enlarged
    viewer.qualityLevel = pictureLevel(this.quality);
    viewer.addEventListener("connect", () => {
      if (!current()) return;
      this.shownAt = Date.now();
      this.ghost?.remove();
      this.enter({ at: "shown" });
      viewer.focus();
      this.ping(current);
    });
    viewer.addEventListener("clipboard", (e) => {
      const { text } = (e as CustomEvent<{ text: string }>).detail;
      this.dispatchEvent(new CustomEvent("clipboard", { detail: text }));
    });
  }

  /** ping measures the way to the server. A socket does not notice a dead network for minutes; two lost pings tell. */
  private ping(current: () => boolean, lost = 0) {
    this.pinger = setTimeout(async () => {
      const begun = performance.now();
      const ok = await this.environment.ping(pingTimeout).then(
        () => true,
        () => false,
      );
      if (!current() || this.phase.at !== "shown") return;
      if (!ok && lost > 0) return this.cut();
      if (ok) this.measured(performance.now() - begun);
      this.ping(current, ok ? 0 : lost + 1);
    }, pingPause);
  }

  private measured(trip: number) {
    this.meter.add(trip);
    if (this.meter.quality === this.quality) return;
    this.quality = this.meter.quality;
    if (this.viewer) this.viewer.qualityLevel = pictureLevel(this.quality);
    this.dispatchEvent(new Event("change"));
  }

  /** cut gives up a connection that is as good as dead. */
  private cut() {
    if (this.phase.at === "shown") this.follow({ kind: "retry", why: "end.lost" });
  }

  private follow(verdict: Verdict) {
    if (this.shownAt && Date.now() - this.shownAt > settleTime) this.attempt = 0;
    this.shownAt = 0;
    this.round++;
    this.drop();
    const attempt = this.attempt++;
    switch (verdict.kind) {
      case "end":
        return this.enter({ at: "ended", why: verdict.why });
      case "look":
        return this.enter({ at: "look", attempt });
      case "retry": {
        const wait = backoff(attempt);
        this.timer = setTimeout(() => void this.connect(), wait);
        return this.enter({ at: "retrying", why: verdict.why, attempt, due: Date.now() + wait });
      }
    }
  }

  /** again makes another attempt after a "look", a little later each time. */
  again() {
    if (this.phase.at !== "look") return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.connect(), backoff(this.phase.attempt));
  }

  private drop() {
    clearTimeout(this.pinger);
    const { viewer, socket } = this;
    this.viewer = null;
    this.socket = null;
    if (this.phase.at === "shown") this.keepPicture();
    viewer?.disconnect();
    socket?.close();
  }

  private enter(phase: Phase) {
    if (phase.at === "ended" || phase.at === "look") this.ghost?.remove();
    this.phase = phase;
    this.dispatchEvent(new Event("change"));
  }

  private ghost: HTMLCanvasElement | null = null;

  /** keepPicture leaves what the screen showed behind the message that it was cut. */
  private keepPicture() {
    const screen = this.target.querySelector("canvas");
    if (!screen?.width) return;
    this.ghost?.remove();
    this.ghost = document.createElement("canvas");
    this.ghost.width = screen.width;
    this.ghost.height = screen.height;
    this.ghost.className = "desk-ghost";
    this.ghost.getContext("2d")?.drawImage(screen, 0, 0);
    this.target.append(this.ghost);
  }
}
