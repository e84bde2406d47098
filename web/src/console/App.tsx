import { Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect } from "react";
import { call, type Who } from "./api";
import { Frame } from "./Frame";
import { addressOfPlace, go, placeOf, usePath } from "./place";
import { recall, remember } from "./remembered";
import { SignInPage } from "./SignInPage";
import { ProjectContext, useSession } from "./session";
import { useWords } from "./words";

// Each page is a bundle of its own.
const OverviewPage = lazy(() => import("./overview/OverviewPage"));
const DesktopsPage = lazy(() => import("./desktops/DesktopsPage"));
const DesktopPage = lazy(() => import("./desktops/DesktopPage"));
const JobsPage = lazy(() => import("./jobs/JobsPage"));
const JobPage = lazy(() => import("./jobs/JobPage"));

export function App() {
  const t = useWords();
  const session = useSession();
  if (session.isPending) return <Pause text={t("app.loading")} />;
  if (session.data === undefined) return <Pause text={t("app.unreachable")} />;
  if (!session.data) return <SignInPage />;
  return <InProject who={session.data} />;
}

/** InProject finds the project of the address, or the one of the last time, or the first. */
function InProject({ who }: { who: Who }) {
  const t = useWords();
  const place = placeOf(usePath());
  const projects = useQuery({
    queryKey: ["projects"],
    queryFn: async () => (await call("get", "/v3/auth/projects")).projects.filter((p) => p.enabled),
  });
  const known = projects.data;
  const project =
    known?.find((p) => p.id === place.project) ??
    (place.project === "" ? (known?.find((p) => p.id === recall("project")) ?? known?.[0]) : undefined);
  const id = project?.id;
  useEffect(() => {
    if (!id) return;
    remember("project", id);
    if (placeOf(location.pathname).project === "") go(addressOfPlace(id, "overview"), { replace: true });
  }, [id]);
  if (projects.isPending) return <Pause text={t("app.loading")} />;
  if (projects.isError) return <Pause text={projects.error.message} />;
  return (
    <Frame who={who} projects={known ?? []} project={project}>
      {project ? (
        <ProjectContext value={project}>
          <Suspense fallback={<Pause text={t("app.loading")} />}>
            <Shown key={project.id} />
          </Suspense>
        </ProjectContext>
      ) : (
        <Nothing text={t(known?.length ? "app.noSuchProject" : "app.noProject")} />
      )}
    </Frame>
  );
}

function Shown() {
  const t = useWords();
  const { page, id } = placeOf(usePath());
  switch (page) {
    case "overview":
      return <OverviewPage />;
    case "desktops":
      return id ? <DesktopPage key={id} id={id} /> : <DesktopsPage />;
    case "jobs":
      return id ? <JobPage key={id} id={id} /> : <JobsPage />;
    default:
      return <Nothing text={t("app.notFound")} />;
  }
}

function Nothing({ text }: { text: string }) {
  return (
    <main className="main" id="main">
      <h1 tabIndex={-1}>{text}</h1>
    </main>
  );
}

function Pause({ text }: { text: string }) {
  return (
    <main className="page page-middle" aria-busy="true">
      <Loader type="dots" aria-hidden="true" />
      <p className="quiet" role="status">
        {text}
      </p>
    </main>
  );
}
