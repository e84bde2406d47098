import { TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useState } from "react";
import { call } from "./api";
import { Dialog } from "./Dialog";
import { addressOfPlace, go, pages } from "./place";
import type { Project } from "./session";
import { useWords } from "./words";

interface PaletteProps {
  open: boolean;
  onClose: () => void;
  project: Project;
}

interface Hit {
  address: string;
  name: string;
  kind: string;
}

/** Palette finds pages and desktops by what is typed. */
export default function Palette(props: PaletteProps) {
  return props.open ? <OpenPalette {...props} /> : null;
}

function OpenPalette({ onClose, project }: PaletteProps) {
  const t = useWords();
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const [asked] = useDebouncedValue(text.trim(), 150);
  const found = useQuery({
    queryKey: ["palette", project.id, asked],
    enabled: asked !== "",
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) =>
      (
        await call("get", "/v2/{project_id}/desktops/detail", {
          path: { project_id: project.id },
          query: { computer_name: asked, limit: 8 },
          signal,
        })
      ).desktops,
  });
  const hits: Hit[] = [
    ...pages
      .filter((p) => t(`page.${p}`).toLowerCase().includes(text.trim().toLowerCase()))
      .map((p) => ({
        address: addressOfPlace(project.id, p),
        name: t(`page.${p}`),
        kind: t("palette.page"),
      })),
    ...(asked === "" ? [] : (found.data ?? [])).map((d) => ({
      address: addressOfPlace(project.id, "desktops", d.desktop_id ?? ""),
      name: d.computer_name ?? "",
      kind: t("palette.desktop"),
    })),
  ];
  const at = Math.min(chosen, hits.length - 1);
  const take = (hit: Hit | undefined) => {
    if (!hit) return;
    onClose();
    go(hit.address);
  };
  const keys = (e: KeyboardEvent) => {
    if (e.key === "ArrowDown") setChosen(Math.min(at + 1, hits.length - 1));
    else if (e.key === "ArrowUp") setChosen(Math.max(at - 1, 0));
    else if (e.key === "Enter") take(hits[at]);
    else return;
    e.preventDefault();
  };
  return (
    <Dialog title={t("palette.title")} onClose={onClose}>
      <TextInput
        mt="sm"
        value={text}
        onChange={(e) => {
          setText(e.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={keys}
        placeholder={t("palette.hint")}
        aria-label={t("palette.title")}
        role="combobox"
        aria-expanded={hits.length > 0}
        aria-controls="palette-hits"
        aria-activedescendant={at >= 0 ? `palette-${at}` : undefined}
        autoComplete="off"
        autoFocus
      />
      {hits.length > 0 && (
        <div id="palette-hits" role="listbox" aria-label={t("palette.title")} className="hits">
          {hits.map((hit, i) => (
            // biome-ignore lint/a11y/useFocusableInteractive: the field keeps the focus and names the chosen option
            // biome-ignore lint/a11y/useKeyWithClickEvents: keys are those of the field
            <div
              key={hit.address}
              id={`palette-${i}`}
              role="option"
              aria-selected={i === at}
              className="hit"
              onClick={() => take(hit)}
            >
              {hit.name}
              <span className="quiet small">{hit.kind}</span>
            </div>
          ))}
        </div>
      )}
      <p className="quiet small" role="status">
        {found.isError
          ? found.error.message
          : hits.length === 0 && !found.isFetching
            ? t("palette.none")
            : ""}
      </p>
    </Dialog>
  );
}
