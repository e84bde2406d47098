import type { Page } from "./place";

/** helpOf is where a page is explained: the documentation of the operations that it calls. */
export function helpOf(page: Page): string {
  switch (page) {
    case "desktops":
      return "/docs#ListDesktopsDetail";
    case "jobs":
      return "/docs#ListItaSubJobs";
    case "overview":
      return "/docs#ListDesktopsStatistics";
    default:
      return "/docs";
  }
}
