import { Button, Loader } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useRef } from "react";
import { hasChosen } from "../i18n/language";
import { useI18n } from "../i18n/provider";
import { api, type Person, passing, patient, Refusal, signedIn } from "./api";
import { CardsPage } from "./CardsPage";
import { Authenticator, useCodeToken } from "./CodePages";
import { Sheet } from "./Frame";
import { ChangePassword, FirstPassword } from "./PasswordPages";
import { PoolPage } from "./PoolPage";
import { placeOf, replace, usePath } from "./place";
import { SignInPage, useSpentLink } from "./SignInPage";

// The viewer is large and not needed before a desktop is opened.
const DeskPage = lazy(() => import("./desk/DeskPage"));

export function App() {
  const place = placeOf(usePath());
  if (place.show === "first-password") return <FirstPassword />;
  if (place.show === "enter") return <Enter />;
  if (place.show === "nothing") return <NotFound />;
  return <ForPeople />;
}

/** ForPeople shows what is asked for once somebody is signed in. */
function ForPeople() {
  const { t, setLanguage } = useI18n();
  const place = placeOf(usePath());
  const me = useQuery({ queryKey: ["me"], queryFn: whoAmI });
  const language = me.data?.language;
  useEffect(() => {
    if (language && !hasChosen()) setLanguage(language);
  }, [language, setLanguage]);
  if (me.isPending)
    return <Pause text={passing(me.failureReason) ? t("app.unreachable") : t("app.loading")} />;
  if (me.isError) return <Pause text={passing(me.error) ? t("app.unreachable") : t("app.fault")} />;
  if (!me.data) return <SignInPage />;
  if (me.data.must_change_password) return <ChangePassword me={me.data} />;
  if (me.data.codes?.must_set_up) return <Authenticator me={me.data} />;
  if (place.show === "desk")
    return (
      <Suspense fallback={<div className="desk" />}>
        <DeskPage key={place.id} id={place.id} />
      </Suspense>
    );
  if (place.show === "pool") return <PoolPage key={place.id} id={place.id} />;
  return <CardsPage me={me.data} />;
}

/** Enter signs in with a link that is good once, /enter?token=...&desktop=..., and shows the desktop. */
function Enter() {
  const { t } = useI18n();
  const queries = useQueryClient();
  const begun = useRef(false);
  const { setToken } = useCodeToken();
  const { setSpent } = useSpentLink();
  const { token, desktop } = Object.fromEntries(new URLSearchParams(location.search));
  const { mutate, failureReason } = useMutation({
    ...patient,
    mutationFn: () => api.enter(token ?? ""),
    onSuccess: (answer) =>
      signedIn(answer) ? queries.setQueryData(["me"], answer) : setToken(answer.code_token),
    onError: (e) => setSpent(e instanceof Refusal), // whoever is signed in already goes on; others are told on the sign-in page
    onSettled: () => replace(desktop ? `/desktops/${desktop}` : "/"),
  });
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    mutate();
  }, [mutate]);
  return <Pause text={passing(failureReason) ? t("app.unreachable") : t("app.loading")} />;
}

/** whoAmI gives null for nobody. */
async function whoAmI(): Promise<Person | null> {
  try {
    return await api.me();
  } catch (e) {
    if (e instanceof Refusal && e.status === 401) return null;
    throw e;
  }
}

/** NotFound answers addresses that nothing is at, whether somebody is signed in or not. */
function NotFound() {
  const { t } = useI18n();
  return (
    <Sheet title={t("app.notFound")} intro={t("app.notFoundHint")}>
      <p>
        <Button component="a" href="/" size="md" fullWidth>
          {t("app.toStart")}
        </Button>
      </p>
    </Sheet>
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
