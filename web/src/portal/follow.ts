import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { api, type Card } from "./api";

export const desktopsKey = ["desktops"];

/**
 * useDesktops reads the cards and, while on is true and the page can be seen, lets the server send them whenever they
 * change. A hidden page follows nothing: browsers allow few connections to one server.
 */
export function useDesktops(on = true) {
  const client = useQueryClient();
  useEffect(() => {
    if (!on) return;
    let stop: (() => void) | undefined;
    const follow = () => {
      stop?.();
      stop = document.hidden ? undefined : listen(client);
    };
    follow();
    document.addEventListener("visibilitychange", follow);
    return () => {
      document.removeEventListener("visibilitychange", follow);
      stop?.();
    };
  }, [client, on]);
  return useQuery({ queryKey: desktopsKey, queryFn: api.desktops });
}

function listen(client: QueryClient): () => void {
  const source = new EventSource("/portal/api/desktops/events");
  let again: ReturnType<typeof setTimeout> | undefined;
  source.addEventListener("desktops", (e) => {
    const { desktops } = JSON.parse(e.data) as { desktops: Card[] };
    client.setQueryData(desktopsKey, desktops);
  });
  source.addEventListener("signed-out", () => client.invalidateQueries({ queryKey: ["me"] }));
  source.addEventListener("error", () => {
    // Browsers come back by themselves after a cut, but not after a refusal.
    if (source.readyState !== EventSource.CLOSED) return;
    client.invalidateQueries({ queryKey: ["me"] });
    again = setTimeout(() => {
      stopThis = listen(client);
    }, 3000);
  });
  let stopThis = () => source.close();
  return () => {
    clearTimeout(again);
    stopThis();
  };
}
