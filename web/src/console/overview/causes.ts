/** Cause is why work failed, with how often, and the last time. */
export interface Cause {
  kind: string; // the type of the job
  code: string;
  reason: string; // of the last time
  job: string; // of the last time
  last: string;
  times: number;
}

interface Failed {
  job_id?: string;
  job_type?: string;
  error_code?: string;
  fail_reason?: string;
  end_time?: string;
}

/** causesOf groups what failed since a time, in milliseconds, by the type of the job and the code of the error; the most frequent come first. */
export function causesOf(failed: readonly Failed[], since: number): Cause[] {
  const causes = new Map<string, Cause>();
  for (const f of failed) {
    const last = f.end_time ?? "";
    if (!(Date.parse(last) >= since)) continue;
    const [kind, code] = [f.job_type ?? "", f.error_code ?? ""];
    const key = `${kind} ${code}`;
    const known = causes.get(key);
    const times = (known?.times ?? 0) + 1;
    const newer = !known || Date.parse(last) > Date.parse(known.last);
    causes.set(
      key,
      newer
        ? { kind, code, reason: f.fail_reason ?? "", job: f.job_id ?? "", last, times }
        : { ...known, times },
    );
  }
  return [...causes.values()].sort((a, b) => b.times - a.times || Date.parse(b.last) - Date.parse(a.last));
}
