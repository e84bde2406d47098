import { useWords } from "../words";
import { type Desktop, stateOf, toneOf } from "./desktop";

/** State is a desktop's state, with what is being done to it. */
export function State({ d }: { d: Pick<Desktop, "status" | "task_status" | "fault"> }) {
  const t = useWords();
  return (
    <span className="state" data-tone={toneOf(d)}>
      {d.task_status ? stateOf(d.task_status, t) : stateOf(d.status, t)}
    </span>
  );
}
