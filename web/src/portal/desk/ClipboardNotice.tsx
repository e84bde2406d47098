import { Button } from "@mantine/core";
import { useEffect, useState } from "react";
import { useI18n } from "../../i18n/provider";
import { type ClipboardBridge, clipboardLimit } from "./clipboard";

const mebibyte = 1 << 20;

/** ClipboardNotice says that something was too large for the clipboard, until it is put away or something else is copied. */
export function ClipboardNotice({ bridge }: { bridge: ClipboardBridge }) {
  const { t } = useI18n();
  const [size, setSize] = useState(bridge.refused);
  useEffect(() => {
    const change = () => setSize(bridge.refused);
    bridge.addEventListener("change", change);
    return () => bridge.removeEventListener("change", change);
  }, [bridge]);
  if (size === 0) return null;
  return (
    <div className="notice" role="alert">
      <p>{t("clip.tooLarge", { size: (size / mebibyte).toFixed(1), limit: clipboardLimit / mebibyte })}</p>
      <Button size="compact-md" variant="default" onClick={() => bridge.dismiss()}>
        {t("clip.close")}
      </Button>
    </div>
  );
}
