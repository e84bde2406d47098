/** Filters are what a list of desktops is narrowed to, as in the query of its address. */
export interface Filters {
  text: string; // part of the computer name
  status: string;
  person: string; // part of the name
  pool: string; // id
  image: string; // id
  tag: string; // key=value
  sort: "created" | "computer_name";
  order: "ASC" | "DESC";
}

export const noFilters: Filters = {
  text: "",
  status: "",
  person: "",
  pool: "",
  image: "",
  tag: "",
  sort: "computer_name",
  order: "ASC",
};

const names = Object.keys(noFilters) as (keyof Filters)[];

/** filtersOf reads the query of an address; what it does not know is ignored. */
export function filtersOf(search: string): Filters {
  const asked = new URLSearchParams(search);
  const filters: Filters = { ...noFilters };
  for (const name of names) {
    const value = asked.get(name) ?? "";
    if (name === "sort") filters.sort = value === "created" ? "created" : "computer_name";
    else if (name === "order") filters.order = value === "DESC" ? "DESC" : "ASC";
    else filters[name] = value;
  }
  return filters;
}

/** searchOf is the query that filtersOf reads; what is as usual is left out. */
export function searchOf(filters: Filters): string {
  const asked = new URLSearchParams();
  for (const name of names) {
    if (filters[name] !== noFilters[name]) asked.set(name, filters[name]);
  }
  return asked.size > 0 ? `?${asked}` : "";
}

/** queryOf is what the API is asked for. */
export const queryOf = (f: Filters) => ({
  computer_name: f.text,
  status: f.status,
  user_name: f.person,
  pool_id: f.pool,
  image_id: f.image,
  tag: f.tag,
  sort_field: f.sort,
  sort_type: f.order,
});

/** isTag says whether a text can be asked for as a tag. */
export const isTag = (text: string) => /^[^=]+=.*$/.test(text);
