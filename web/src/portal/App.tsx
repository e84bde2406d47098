import { Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect } from "react";
import { hasChosen, useSpeech } from "../words/speech";
import { api, type Person, passing, Refusal } from "./api";
import { CardsPage } from "./CardsPage";
import { ChangePassword, FirstPassword } from "./PasswordPages";
import { placeOf, usePath } from "./place";
import { SignInPage } from "./SignInPage";

// The viewer is large and not needed before a desktop is opened.
const DeskPage = lazy(() => import("./desk/DeskPage"));

export function App() {
  const place = placeOf(usePath());
  if (place.show === "first-password") return <FirstPassword />;
  return <ForPeople />;
}

/** ForPeople shows what is asked for once somebody is signed in. */
function ForPeople() {
  const { t, speak } = useSpeech();
  const place = placeOf(usePath());
  const me = useQuery({ queryKey: ["me"], queryFn: whoAmI });
  const language = me.data?.language;
  useEffect(() => {
    if (language && !hasChosen()) speak(language);
  }, [language, speak]);
  if (me.isPending)
    return <Pause text={passing(me.failureReason) ? t("app.unreachable") : t("app.loading")} />;
  if (me.isError) return <Pause text={passing(me.error) ? t("app.unreachable") : t("app.fault")} />;
  if (!me.data) return <SignInPage />;
  if (me.data.must_change_password) return <ChangePassword me={me.data} />;
  if (place.show === "desk")
    return (
      <Suspense fallback={<div className="desk" />}>
        <DeskPage key={place.id} id={place.id} />
      </Suspense>
    );
  if (place.show === "nothing") return <Pause text={t("app.notFound")} />;
  return <CardsPage me={me.data} />;
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
