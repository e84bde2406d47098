/** Access is how far this page may use the browser's clipboard. */
export type Access = "granted" | "ask" | "none";

/** Clips is the part of the browser's clipboard that is used. */
export interface Clips {
  readText(): Promise<string>;
  writeText(text: string): Promise<void>;
}

/** clipboardLimit is how much text the clipboard carries to the desktop, in bytes of UTF-8. Xvnc's -MaxCutText is twice that. */
export const clipboardLimit = 16 << 20;

/**
 * ClipboardBridge keeps two clipboards the same: the browser's and the desktop's. What is copied in the desktop goes to the
 * browser at once, or, where that wants a key or click first, with the next one. What was copied elsewhere goes to the
 * desktop when its window gets the focus or the pointer.
 */
export class ClipboardBridge extends EventTarget {
  access: Access;
  text = ""; // what both hold, as far as known
  refused = 0; // the bytes of what was too large to be sent, until something else is copied or it is dismissed

  private pending: string | null = null; // from the desktop, not yet in the browser
  private reading = false;

  constructor(
    private readonly clips: Clips | undefined,
    private readonly send: (text: string) => void,
  ) {
    super();
    this.access = clips ? "ask" : "none";
  }

  /** learn asks the browser what it allows; some allow reading only in answer to a click and cannot say so. */
  async learn(permissions: Permissions | undefined) {
    if (!this.clips || !permissions) return;
    try {
      const status = await permissions.query({ name: "clipboard-read" as PermissionName });
      const note = () => this.allow(status.state === "granted");
      status.addEventListener("change", note);
      note();
    } catch {
      // this browser does not know the permission: it stays "ask"
    }
  }

  private allow(granted: boolean) {
    this.access = granted ? "granted" : "ask";
    this.changed();
    if (granted) void this.fromBrowser();
  }

  /** fromDesktop takes what was copied in the desktop. */
  async fromDesktop(text: string) {
    this.text = text;
    this.pending = text;
    this.changed();
    await this.flush();
  }

  /** flush writes to the browser what it did not take before; call it on keys and clicks. */
  async flush() {
    const text = this.pending;
    if (text === null || !this.clips) return;
    try {
      await this.clips.writeText(text);
      if (this.pending === text) this.pending = null;
    } catch {
      // no focus, or it wants a click first: the next one brings it
    }
  }

  /** fromBrowser sends what was copied elsewhere to the desktop. It reports whether the browser let it read. */
  async fromBrowser(asked = false): Promise<boolean> {
    if (!this.clips || this.reading || this.pending !== null) return false;
    if (this.access !== "granted" && !asked) return false;
    this.reading = true;
    try {
      const text = await this.clips.readText();
      if (asked) this.access = "granted";
      if (text && text !== this.text) this.toDesktop(text);
      return true;
    } catch {
      return false;
    } finally {
      this.reading = false;
    }
  }

  /** toDesktop puts text on the desktop's clipboard, unless it is larger than clipboardLimit. It reports whether it did. */
  toDesktop(text: string): boolean {
    const size = new Blob([text]).size;
    this.refused = size > clipboardLimit ? size : 0;
    this.text = text;
    if (this.refused === 0) this.send(text);
    this.changed();
    return this.refused === 0;
  }

  /** dismiss forgets that something was too large. */
  dismiss() {
    this.refused = 0;
    this.changed();
  }

  /** renew sends the text again: a new connection to the desktop may not know it. */
  renew() {
    if (this.access === "granted") void this.fromBrowser();
  }

  private changed() {
    this.dispatchEvent(new Event("change"));
  }
}
