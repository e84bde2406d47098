import { useQuery } from "@tanstack/react-query";

interface Description {
  "x-errors"?: { code: string; remedy?: string }[];
}

/** remediesOf are what helps against errors, by their codes, as the description of the API has it. */
export const remediesOf = (d: Description) =>
  new Map((d["x-errors"] ?? []).flatMap((e) => (e.remedy ? [[e.code, e.remedy] as const] : [])));

const none: ReadonlyMap<string, string> = new Map();

/** useRemedies reads what helps against errors, once somebody needs it: the description is large. */
export function useRemedies(needed: boolean): ReadonlyMap<string, string> {
  const { data } = useQuery({
    queryKey: ["remedies"],
    enabled: needed,
    queryFn: async () => remediesOf((await (await fetch("/openapi.json")).json()) as Description),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return data ?? none;
}
