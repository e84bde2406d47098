import { beforeEach, describe, expect, it } from "vitest";
import { ClipboardBridge, type Clips, clipboardLimit } from "./clipboard";

/** FakeClips is a browser's clipboard that can refuse. */
class FakeClips implements Clips {
  text = "";
  refuses = false;
  async readText() {
    if (this.refuses) throw new DOMException("no", "NotAllowedError");
    return this.text;
  }
  async writeText(text: string) {
    if (this.refuses) throw new DOMException("no", "NotAllowedError");
    this.text = text;
  }
}

describe("the clipboard bridge", () => {
  let clips: FakeClips;
  let sent: string[];
  let bridge: ClipboardBridge;
  beforeEach(() => {
    clips = new FakeClips();
    sent = [];
    bridge = new ClipboardBridge(clips, (text) => sent.push(text));
    bridge.access = "granted";
  });

  it("brings what was copied in the desktop to the browser", async () => {
    await bridge.fromDesktop("hello");
    expect(clips.text).toBe("hello");
  });
  it("brings it with the next key when the browser wants one first", async () => {
    clips.refuses = true;
    await bridge.fromDesktop("hello");
    clips.refuses = false;
    await bridge.flush();
    expect(clips.text).toBe("hello");
  });
  it("does not overwrite what the browser has not taken yet", async () => {
    clips.text = "old";
    clips.refuses = true;
    await bridge.fromDesktop("new");
    clips.refuses = false;
    await bridge.fromBrowser();
    expect(sent).toEqual([]);
  });
  it("sends what was copied elsewhere once", async () => {
    clips.text = "elsewhere";
    await bridge.fromBrowser();
    await bridge.fromBrowser();
    expect(sent).toEqual(["elsewhere"]);
  });
  it("sends what is as large as the limit, and says of what is larger how large it is, once", async () => {
    clips.text = "é".repeat(clipboardLimit / 2);
    await bridge.fromBrowser();
    expect(sent).toEqual([clips.text]);
    expect(bridge.refused).toBe(0);
    clips.text += "x";
    await bridge.fromBrowser();
    expect(sent).toHaveLength(1);
    expect(bridge.refused).toBe(clipboardLimit + 1);
    bridge.dismiss();
    await bridge.fromBrowser();
    expect(bridge.refused).toBe(0);
    clips.text = "small";
    await bridge.fromBrowser();
    expect(sent.at(-1)).toBe("small");
  });
  it("does not send back what came from the desktop", async () => {
    await bridge.fromDesktop("hello");
    await bridge.fromBrowser();
    expect(sent).toEqual([]);
  });
  it("reads nothing before it is allowed to, unless asked", async () => {
    bridge.access = "ask";
    clips.text = "secret";
    expect(await bridge.fromBrowser()).toBe(false);
    expect(sent).toEqual([]);
    expect(await bridge.fromBrowser(true)).toBe(true);
    expect(sent).toEqual(["secret"]);
  });
  it("works by hand where browsers share nothing", async () => {
    bridge = new ClipboardBridge(undefined, (text) => sent.push(text));
    expect(bridge.access).toBe("none");
    await bridge.fromDesktop("hello");
    expect(bridge.text).toBe("hello");
    bridge.toDesktop("back");
    expect(sent).toEqual(["back"]);
  });
});
