import type { AnchorHTMLAttributes, MouseEvent } from "react";
import { go } from "./place";

/** Link goes to another page of the console; with a key held down the browser does what it does with links. */
export function Link({ href, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
  const follow = (e: MouseEvent) => {
    if (e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    e.preventDefault();
    go(href);
  };
  return <a href={href} onClick={follow} {...rest} />;
}
