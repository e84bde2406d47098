const steps = [250, 700, 1500, 3000, 5000, 8000];
const longest = 10_000;

/**
 * backoff is how long to wait before the n-th attempt in a row, in milliseconds, n from 0. chance, from 0 to 1, spreads it
 * by a quarter, so that all pages of an office do not come at once after a restart.
 */
export function backoff(n: number, chance = Math.random()): number {
  return (steps[n] ?? longest) * (0.75 + chance / 2);
}
