/** newest says what to ask for so as to get a page of a list that is kept oldest first, counted from its end. Page 0 has the newest. */
export function newest(total: number, page: number, size: number): { offset: number; limit: number } {
  const end = Math.max(0, total - page * size);
  const offset = Math.max(0, end - size);
  return { offset, limit: end - offset };
}
