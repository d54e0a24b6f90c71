const WATCHED = new WeakSet<object>();

/** @param info of graphql-js, one per field. */
export function watchField(info: object): void {
  WATCHED.add(info);
}

/** Whether a middleware guards and stores the field, so that the interceptor need not. */
export function isWatchedField(info: object | undefined): boolean {
  return info !== undefined && WATCHED.has(info);
}
