/** Facts are names with what they are; what is empty is left out. */
export function Facts({ facts }: { facts: (readonly [name: string, value: string | number | undefined])[] }) {
  return (
    <dl className="facts">
      {facts
        .filter(([, value]) => value !== undefined && value !== "")
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
