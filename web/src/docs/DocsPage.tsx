import { Button, Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { Header } from "./Header";
import { Navigation } from "./Navigation";
import { OperationPage } from "./OperationPage";
import { Overview } from "./Overview";
import { useHash } from "./place";
import { SignIn } from "./SignIn";
import { type Session, signOut } from "./session";
import { read } from "./spec";
import { useWords } from "./words";

export function DocsPage() {
  const t = useWords();
  const spec = useQuery({ queryKey: ["spec"], queryFn: read, staleTime: Number.POSITIVE_INFINITY });
  const id = useHash();
  const [session, setSession] = useState<Session | null>(null);
  const [project, setProject] = useState("");
  const [asked, setAsked] = useState(false);
  useEffect(() => {
    if (!session) return;
    const leave = (e: PageTransitionEvent) => {
      if (!e.persisted) signOut(session.token);
    };
    window.addEventListener("pagehide", leave);
    return () => window.removeEventListener("pagehide", leave);
  }, [session]);
  const operation = spec.data?.operations.get(id);
  useEffect(() => {
    document.title = operation ? `${operation.operationId} · Carrel: API` : "Carrel: API";
  }, [operation]);
  const trying = useMemo(() => ({ session, project, ask: () => setAsked(true) }), [session, project]);
  return (
    <div className="docs" data-shows={id ? "operation" : "list"}>
      <button type="button" className="skip" onClick={() => document.getElementById("content")?.focus()}>
        {t("page.skip")}
      </button>
      <Header
        session={session}
        project={project}
        onProject={setProject}
        onSignIn={() => setAsked(true)}
        onSignOut={() => {
          if (session) signOut(session.token);
          setSession(null);
          setProject("");
        }}
      />
      {spec.data && <Navigation spec={spec.data} current={id} />}
      <main id="content" className="docs-main" tabIndex={-1}>
        {spec.isPending && (
          <p className="docs-waits" role="status">
            <Loader size="sm" /> {t("page.loading")}
          </p>
        )}
        {spec.isError && (
          <div className="docs-waits">
            <p role="alert">{t("page.failed")}</p>
            <Button onClick={() => spec.refetch()}>{t("page.retry")}</Button>
          </div>
        )}
        {spec.data &&
          (operation ? (
            <OperationPage
              key={operation.operationId}
              spec={spec.data}
              operation={operation}
              trying={trying}
            />
          ) : (
            <Overview spec={spec.data} unknown={id} />
          ))}
      </main>
      {asked && (
        <SignIn
          onClose={() => setAsked(false)}
          onSignedIn={(made) => {
            setSession(made);
            setProject(made.projects[0]?.id ?? "");
          }}
        />
      )}
    </div>
  );
}

/** Trying is who calls are tried as. */
export interface Trying {
  session: Session | null;
  project: string; // the id of the chosen one
  ask: () => void; // for somebody to sign in
}
