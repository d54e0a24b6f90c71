/** The median of a list; `NaN` for an empty one. */
export function median(values) {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Half of the range, shown as `±` in the tables. */
export function spread(values) {
  return (Math.max(...values) - Math.min(...values)) / 2;
}
