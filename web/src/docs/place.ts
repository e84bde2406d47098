import { useSyncExternalStore } from "react";

/** useHash is what the address names behind "#": the operation that is shown. */
export function useHash(): string {
  return useSyncExternalStore(
    (changed) => {
      window.addEventListener("hashchange", changed);
      return () => window.removeEventListener("hashchange", changed);
    },
    () => decodeURIComponent(location.hash.slice(1)),
  );
}

/** addressOf is a link to an operation. */
export const addressOf = (id: string) => `#${encodeURIComponent(id)}`;
