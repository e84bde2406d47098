import { useWords } from "./words";

interface ChoiceProps {
  label: string;
  value: string;
  options: (readonly [value: string, name: string])[];
  choose: (value: string) => void;
}

/** Choice is a field that narrows a list to one of some values, or to none. */
export function Choice({ label, value, options, choose }: ChoiceProps) {
  const t = useWords();
  return (
    <label className="choice">
      <span>{label}</span>
      <select className="select" value={value} onChange={(e) => choose(e.currentTarget.value)}>
        <option value="">{t("desktops.any")}</option>
        {options.map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
