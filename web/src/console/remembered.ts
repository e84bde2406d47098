// What this browser remembers of a person's choices. Browsers can forbid that: then choices last as long as the page.

export function recall(name: string): string | null {
  try {
    return localStorage.getItem(`carrel.console.${name}`);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string) {
  try {
    localStorage.setItem(`carrel.console.${name}`, value);
  } catch {
    // then it lasts as long as the page
  }
}
