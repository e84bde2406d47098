import type { WordKey } from "../words";

/** A column of the list of desktops. The name and the state are always there. */
export interface Column {
  id: "people" | "address" | "login" | "product" | "system" | "tags" | "created" | "zone";
  word: WordKey;
  width: string;
}

export const columns: Column[] = [
  { id: "people", word: "desktop.people", width: "minmax(110px, 1.2fr)" },
  { id: "login", word: "desktop.login", width: "minmax(100px, 1fr)" },
  { id: "address", word: "desktop.address", width: "minmax(110px, 1fr)" },
  { id: "product", word: "desktop.product", width: "minmax(150px, 1.4fr)" },
  { id: "system", word: "desktop.system", width: "minmax(110px, 1fr)" },
  { id: "tags", word: "desktop.tags", width: "minmax(110px, 1.2fr)" },
  { id: "created", word: "desktop.created", width: "minmax(190px, 1fr)" },
  { id: "zone", word: "desktop.zone", width: "minmax(90px, 0.8fr)" },
];

export const usual: Column["id"][] = ["people", "login", "address", "product", "created"];

/** chosenOf reads which columns were chosen, or gives the usual ones. */
export function chosenOf(remembered: string | null): Column["id"][] {
  if (remembered === null) return usual;
  const wanted = remembered.split(",");
  return columns.filter((c) => wanted.includes(c.id)).map((c) => c.id);
}
