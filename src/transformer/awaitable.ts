/** A value, or a promise of it. */
export type Awaitable<T> = T | PromiseLike<T>;

/** Whether there is something to wait for. What is there at once is not worth a turn of the event loop. */
export function isPromise<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null | undefined)?.then === 'function';
}
