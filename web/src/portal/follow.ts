import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { api, type Card, type Pool } from "./api";

export const desktopsKey = ["desktops"];
export const poolsKey = ["pools"];

/** useDesktops reads the cards of desktops, usePools those of pools, with a number every so many milliseconds. */
export const useDesktops = () => useQuery({ queryKey: desktopsKey, queryFn: api.desktops });
export const usePools = (every: number | false = false) =>
  useQuery({ queryKey: poolsKey, queryFn: api.pools, refetchInterval: every });

/**
 * useFollowing lets the server send the cards whenever they change, while on is true and the page can be seen. A hidden page
 * follows nothing: browsers allow few connections to one server.
 */
export function useFollowing(on = true) {
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
}

function listen(client: QueryClient): () => void {
  const source = new EventSource("/portal/api/desktops/events");
  let again: ReturnType<typeof setTimeout> | undefined;
  source.addEventListener("desktops", (e) => {
    const { desktops } = JSON.parse(e.data) as { desktops: Card[] };
    client.setQueryData(desktopsKey, desktops);
  });
  source.addEventListener("pools", (e) => {
    const { pools } = JSON.parse(e.data) as { pools: Pool[] };
    client.setQueryData(poolsKey, pools);
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
