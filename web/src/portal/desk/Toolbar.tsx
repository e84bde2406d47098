import { ActionIcon, Menu, Popover, Tooltip } from "@mantine/core";
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import type { MessageKey } from "../../i18n";
import { useI18n } from "../../i18n/provider";
import type { PowerAction } from "../api";
import { plainMenu } from "../Frame";
import { powerActions } from "../Power";
import { go } from "../place";
import { ClipboardNotice } from "./ClipboardNotice";
import { ClipboardPanel } from "./ClipboardPanel";
import { toggleFullScreen, useFullScreen } from "./fullscreen";
import { press, strokes } from "./keys";
import type { Quality } from "./quality";
import { useReveal } from "./reveal";
import type { Screen } from "./screen";
import { useClipboard } from "./useClipboard";

interface ToolbarProps {
  screen: Screen;
  name: string;
  shown: boolean;
  onPower: (action: PowerAction) => void;
}

/** Toolbar slides in from the top edge and leaves nothing behind when it goes. */
export function Toolbar({ screen, name, shown, onPower }: ToolbarProps) {
  const { t } = useI18n();
  const bar = useRef<HTMLDivElement>(null);
  const [busy, setBusy] = useState<"keys" | "clipboard" | "power" | null>(null);
  const { open, hint, close } = useReveal(bar, shown, busy !== null);
  const full = useFullScreen();
  const bridge = useClipboard(screen, shown);
  useEffect(() => {
    if (!open) setBusy(null);
  }, [open]);
  const back = () => {
    close();
    screen.viewer?.focus();
  };
  const leave = (e: KeyboardEvent) => {
    if (e.key === "Escape" && busy === null) back();
  };
  return (
    <>
      <div
        ref={bar}
        className="bar"
        data-open={open}
        inert={!open}
        role="toolbar"
        aria-label={t("bar.label")}
        tabIndex={-1}
        onKeyDown={leave}
      >
        <div className="bar-row">
          <Tool label={t("bar.back")} onClick={() => go("/")}>
            <path d="M19 12H5m6-6-6 6 6 6" />
          </Tool>
          <span className="bar-name" title={name}>
            {name}
          </span>
          <QualitySign quality={screen.quality} />
          <Menu
            {...plainMenu}
            opened={busy === "keys"}
            onChange={(o) => setBusy(o ? "keys" : null)}
            transitionProps={{ duration: 100 }}
            returnFocus={false}
          >
            <Menu.Target>
              <Tool label={t("bar.keys")} expanded={busy === "keys"}>
                <rect x="3" y="6" width="18" height="12" rx="2" />
                <path d="M7 10h.01M11 10h.01M15 10h.01M8 14h8" />
              </Tool>
            </Menu.Target>
            <Menu.Dropdown>
              {strokes.map((stroke) => (
                <Menu.Item
                  key={stroke.label}
                  onClick={() => {
                    press(stroke, (keysym, code, down) => screen.viewer?.sendKey(keysym, code, down));
                    back();
                  }}
                >
                  {stroke.label}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
          <Popover
            opened={busy === "clipboard"}
            onChange={(o) => setBusy(o ? "clipboard" : null)}
            trapFocus
            withinPortal={false}
            width={340}
            transitionProps={{ duration: 100 }}
          >
            <Popover.Target>
              <Tool
                label={t("bar.clipboard")}
                expanded={busy === "clipboard"}
                onClick={() => setBusy(busy === "clipboard" ? null : "clipboard")}
              >
                <rect x="6" y="5" width="12" height="16" rx="2" />
                <path d="M9 5V3h6v2M9 11h6M9 15h4" />
              </Tool>
            </Popover.Target>
            <Popover.Dropdown>
              <ClipboardPanel bridge={bridge} onClose={back} />
            </Popover.Dropdown>
          </Popover>
          <Menu
            {...plainMenu}
            opened={busy === "power"}
            onChange={(o) => setBusy(o ? "power" : null)}
            transitionProps={{ duration: 100 }}
            returnFocus={false}
          >
            <Menu.Target>
              <Tool label={t("bar.power")} expanded={busy === "power"}>
                <path d="M12 4v8M7 7a7 7 0 1 0 10 0" />
              </Tool>
            </Menu.Target>
            <Menu.Dropdown>
              {powerActions.map((action) => (
                <Menu.Item
                  key={action}
                  onClick={() => {
                    close();
                    onPower(action);
                  }}
                >
                  {t(`power.${action}`)}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
          <Tool
            label={t(full ? "bar.windowed" : "bar.fullscreen")}
            onClick={() => toggleFullScreen(full).finally(back)}
          >
            {full ? (
              <path d="M9 4v5H4m11-5v5h5M9 20v-5H4m11 5v-5h5" />
            ) : (
              <path d="M4 9V4h5m6 0h5v5M4 15v5h5m6 0h5v-5" />
            )}
          </Tool>
        </div>
        {hint && <p className="bar-hint small">{t("bar.hint")}</p>}
      </div>
      {shown && <ClipboardNotice bridge={bridge} />}
    </>
  );
}

interface ToolProps {
  label: string;
  expanded?: boolean;
  onClick?: () => void;
  children: ReactNode;
}

function Tool({ label, expanded, children, ...rest }: ToolProps) {
  return (
    <Tooltip
      label={label}
      position="bottom"
      openDelay={400}
      disabled={expanded === true}
      transitionProps={{ duration: 100 }}
    >
      <ActionIcon
        size={36}
        variant="subtle"
        color="gray"
        aria-label={label}
        aria-expanded={expanded}
        {...rest}
      >
        <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
          {children}
        </svg>
      </ActionIcon>
    </Tooltip>
  );
}

const bars: Record<Quality, number> = { unknown: 0, poor: 1, fair: 2, good: 3 };

function QualitySign({ quality }: { quality: Quality }) {
  const { t } = useI18n();
  const word: MessageKey = `quality.${quality}`;
  const label = t("bar.quality", { quality: t(word) });
  return (
    <Tooltip label={label} position="bottom" openDelay={400}>
      <svg className="icon quality" data-quality={quality} viewBox="0 0 24 24" role="img" aria-label={label}>
        {[1, 2, 3].map((n) => (
          <path key={n} d={`M${2 + n * 5} 19v-${n * 4 + 1}`} data-lit={n <= bars[quality]} />
        ))}
      </svg>
    </Tooltip>
  );
}
