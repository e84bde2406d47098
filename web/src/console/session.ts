import { type QueryClient, useQuery } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { call, Refusal, type Who } from "./api";

export const sessionKey = ["session"];

/** useSession reads who is signed in, null for nobody, and looks again each minute so that an end shows without being asked for. */
export const useSession = () =>
  useQuery({
    queryKey: sessionKey,
    queryFn: async (): Promise<Who | null> => {
      try {
        return await call("get", "/console/api/session");
      } catch (e) {
        if (e instanceof Refusal && e.status === 401) return null;
        throw e;
      }
    },
    refetchInterval: (query) => (query.state.data ? 60_000 : false),
  });

/** forget shows the sign-in page, and drops whatever the person before has read. */
export function forget(queries: QueryClient) {
  queries.setQueryData(sessionKey, null);
  queries.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionKey[0] });
}

export interface Project {
  id: string;
  name: string;
}

export const ProjectContext = createContext<Project | null>(null);

/** useProject is the project whose desktops the page shows. */
export function useProject(): Project {
  const project = useContext(ProjectContext);
  if (!project) throw new Error("useProject outside of a project");
  return project;
}
