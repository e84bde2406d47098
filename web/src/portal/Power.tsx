import { ActionIcon, Button, Menu } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useI18n } from "../i18n/provider";
import { api, type Card, type PowerAction, passing, Refusal } from "./api";
import { plainMenu } from "./Frame";
import { poolsKey } from "./follow";

export const powerActions: PowerAction[] = ["restart", "stop"];

/** PowerMenu offers to restart or shut down a desktop that runs, on its card. */
export function PowerMenu({ desktop }: { desktop: Card }) {
  const { t } = useI18n();
  const [asked, setAsked] = useState<PowerAction | null>(null);
  if (desktop.access !== "open") return null;
  return (
    <>
      <Menu {...plainMenu} position="bottom-end" transitionProps={{ duration: 100 }}>
        <Menu.Target>
          <ActionIcon size={36} variant="default" aria-label={t("power.menu", { name: desktop.name })}>
            <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
              <path d="M12 5h.01M12 12h.01M12 19h.01" />
            </svg>
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {powerActions.map((action) => (
            <Menu.Item key={action} onClick={() => setAsked(action)}>
              {t(`power.${action}`)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {asked && (
        <PowerDialog id={desktop.id} name={desktop.name} action={asked} onClose={() => setAsked(null)} />
      )}
    </>
  );
}

interface PowerDialogProps {
  id: string;
  name: string;
  action: PowerAction;
  onClose: () => void;
}

/** PowerDialog asks once more, because programs inside are closed, and then does it. */
export function PowerDialog({ id, name, action, onClose }: PowerDialogProps) {
  const { t } = useI18n();
  const queries = useQueryClient();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const call = useMutation({
    mutationFn: () => api.power(id, action),
    onSuccess: async () => {
      await Promise.all([
        queries.invalidateQueries({ queryKey: ["desktops"] }),
        queries.invalidateQueries({ queryKey: poolsKey }),
      ]);
      dialog.current?.close();
    },
  });
  const title = t(`power.${action}Title`, { name });
  return (
    <dialog ref={dialog} className="dialog" aria-label={title} onClose={onClose}>
      <h2>{title}</h2>
      <p>{t(`power.${action}Hint`)}</p>
      {call.isError && (
        <p className="note note-bad" role="alert">
          {refused(call.error, t)}
        </p>
      )}
      <div className="dialog-row">
        <Button variant="default" onClick={() => dialog.current?.close()}>
          {t("password.cancel")}
        </Button>
        <Button loading={call.isPending} onClick={() => call.mutate()}>
          {t(`power.${action}`)}
        </Button>
      </div>
    </dialog>
  );
}

function refused(e: Error, t: ReturnType<typeof useI18n>["t"]): string {
  if (!(e instanceof Refusal)) return t("app.fault");
  if (e.status === 403) return t("power.shared");
  if (e.status === 404) return t("end.goneHint");
  if (e.status === 409) return t("power.busy");
  return passing(e) ? t("app.noAnswer") : t("app.fault");
}
