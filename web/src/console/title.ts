import { useEffect } from "react";

/** useTitle names the page in the browser's window, and moves the focus to its heading once, so that a screen reader says where one is. */
export function useTitle(title: string) {
  useEffect(() => {
    document.title = `${title} · Carrel`;
  }, [title]);
  useEffect(() => {
    if (document.activeElement === document.body) document.querySelector<HTMLElement>("main h1")?.focus();
  }, []);
}
