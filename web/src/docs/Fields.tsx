import { type Field, isRefused, limitsOf, typeOf, whyRefused } from "./fields";
import { inOrder, type Parameter, type Spec } from "./spec";
import { useWords } from "./words";

/** ParameterFields lists parameters with what they may be. */
export function ParameterFields({ spec, parameters }: { spec: Spec; parameters: Parameter[] }) {
  const t = useWords();
  const fields = inOrder(parameters).map((p) => ({
    path: p.name,
    type: typeOf(spec, p.schema ?? {}),
    required: !!p.required,
    about: p.description ?? "",
    schema: p.schema ?? {},
    place: t(`op.in.${p.in}`),
  }));
  return <FieldList fields={fields} label={t("op.parameters")} />;
}

/** BodyFields lists the fields of a body; those that requests may not have stand apart. */
export function BodyFields({
  fields,
  label,
  answer = false,
}: {
  fields: Field[];
  label: string;
  answer?: boolean;
}) {
  const t = useWords();
  const shown = answer ? fields.map((f) => ({ ...f, required: false })) : fields;
  const refused = shown.filter(isRefused);
  return (
    <>
      <FieldList fields={shown.filter((f) => !isRefused(f))} label={label} />
      {refused.length > 0 && (
        <details className="docs-more">
          <summary>{t("op.refused", { n: refused.length })}</summary>
          <p className="small quiet">{t("op.refusedText")}</p>
          <FieldList
            fields={refused.map((f) => ({ ...f, about: whyRefused(f) }))}
            label={t("op.refused", { n: refused.length })}
          />
        </details>
      )}
    </>
  );
}

function FieldList({ fields, label }: { fields: (Field & { place?: string })[]; label: string }) {
  const t = useWords();
  return (
    <table className="docs-fields" aria-label={label}>
      <colgroup>
        <col className="docs-field-column" />
        <col />
      </colgroup>
      <thead>
        <tr>
          <th scope="col">{t("op.field")}</th>
          <th scope="col">{t("op.about")}</th>
        </tr>
      </thead>
      <tbody>
        {fields.map((f) => {
          const limits = limitsOf(f.schema, t);
          return (
            <tr key={`${f.path} ${f.place}`}>
              <th scope="row">
                <code>
                  <Path of={f.path} />
                </code>
                <span className="docs-type">
                  {f.type}
                  {f.place && ` · ${f.place}`}
                  {f.required && <strong> · {t("op.required")}</strong>}
                </span>
              </th>
              <td>
                <span lang="en">{f.about}</span>
                {limits.length > 0 && <span className="docs-limits">{limits.join(" · ")}</span>}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** Path is a field's path, which may be broken at its dots. */
function Path({ of }: { of: string }) {
  const parts = of.split(".");
  return parts.map((part, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a path never change
    <span key={i}>
      {i > 0 && (
        <>
          .<wbr />
        </>
      )}
      {part}
    </span>
  ));
}
