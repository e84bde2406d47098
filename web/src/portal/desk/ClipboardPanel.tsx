import { Button, Textarea } from "@mantine/core";
import { useEffect, useState } from "react";
import type { MessageKey } from "../../i18n";
import { useI18n } from "../../i18n/provider";
import type { ClipboardBridge } from "./clipboard";

/** ClipboardPanel is for browsers that do not share their clipboard, and shows what the desktop's holds. */
export function ClipboardPanel({ bridge, onClose }: { bridge: ClipboardBridge; onClose: () => void }) {
  const { t } = useI18n();
  const [text, setText] = useState(bridge.text);
  const [access, setAccess] = useState(bridge.access);
  const [done, setDone] = useState<MessageKey | null>(null);
  useEffect(() => {
    const change = () => {
      setText(bridge.text);
      setAccess(bridge.access);
    };
    bridge.addEventListener("change", change);
    return () => bridge.removeEventListener("change", change);
  }, [bridge]);
  const copy = async () => {
    await bridge.fromDesktop(text);
    setDone("clip.copied");
  };
  return (
    <div className="clip">
      <p className="small">
        {t(access === "granted" ? "clip.auto" : access === "ask" ? "clip.ask" : "clip.manual")}
      </p>
      {access === "ask" && (
        <Button
          size="xs"
          onClick={async () => setAccess((await bridge.fromBrowser(true)) ? "granted" : "none")}
        >
          {t("clip.allow")}
        </Button>
      )}
      <Textarea
        label={t("clip.box")}
        value={text}
        onChange={(e) => setText(e.currentTarget.value)}
        rows={5}
        spellCheck={false}
        data-autofocus
      />
      <div className="clip-row">
        <Button
          size="xs"
          onClick={() => {
            setDone(bridge.toDesktop(text) ? "clip.sent" : null); // else a notice says why
          }}
        >
          {t("clip.send")}
        </Button>
        {access !== "none" && (
          <Button size="xs" variant="light" onClick={copy}>
            {t("clip.copy")}
          </Button>
        )}
        <Button size="xs" variant="subtle" onClick={onClose}>
          {t("clip.close")}
        </Button>
      </div>
      <p className="small quiet" role="status">
        {done ? t(done) : "\u00a0"}
      </p>
    </div>
  );
}
