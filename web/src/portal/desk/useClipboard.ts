import { useEffect, useMemo } from "react";
import { ClipboardBridge } from "./clipboard";
import type { Screen } from "./screen";

/** useClipboard joins the browser's clipboard to the screen's while it is shown. */
export function useClipboard(screen: Screen, shown: boolean): ClipboardBridge {
  const bridge = useMemo(
    () => new ClipboardBridge(navigator.clipboard, (text) => screen.viewer?.clipboardPasteFrom(text)),
    [screen],
  );
  useEffect(() => {
    void bridge.learn(navigator.permissions);
    const copied = (e: Event) => void bridge.fromDesktop((e as CustomEvent<string>).detail);
    screen.addEventListener("clipboard", copied);
    return () => screen.removeEventListener("clipboard", copied);
  }, [screen, bridge]);
  useEffect(() => {
    if (!shown) return;
    bridge.renew();
    const come = () => void bridge.fromBrowser();
    const act = () => void bridge.flush();
    window.addEventListener("focus", come);
    document.addEventListener("pointerenter", come);
    window.addEventListener("pointerdown", act, { capture: true });
    window.addEventListener("keydown", act, { capture: true });
    return () => {
      window.removeEventListener("focus", come);
      document.removeEventListener("pointerenter", come);
      window.removeEventListener("pointerdown", act, { capture: true });
      window.removeEventListener("keydown", act, { capture: true });
    };
  }, [bridge, shown]);
  return bridge;
}
