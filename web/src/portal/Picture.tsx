import type { Tone } from "./state";

/** Picture is a little desk with its lamp on or off. */
export function Picture({ tone }: { tone: Tone }) {
  return (
    <svg
      className="picture"
      data-tone={tone}
      viewBox="0 0 320 132"
      aria-hidden="true"
      preserveAspectRatio="xMidYMax slice"
    >
      <path className="picture-light" d="M226 40 188 112h84L238 40z" />
      <path className="picture-line" d="M40 112h240" />
      <rect className="picture-screen" x="98" y="38" width="92" height="58" rx="5" />
      <path className="picture-line" d="M144 96v16m-18 0h36" />
      <path className="picture-line" d="M250 112V46a14 14 0 0 0-14-14h-4" />
      <path className="picture-lamp" d="M222 42a11 11 0 0 1 22 0z" />
    </svg>
  );
}
