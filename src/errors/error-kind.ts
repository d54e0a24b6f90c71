/** First words of Redis messages that quote nothing of the command. */
const REDIS_CODES: ReadonlySet<string> = new Set(
  (
    'ASK BUSY CLUSTERDOWN CROSSSLOT ERR LOADING MASTERDOWN MISCONF MOVED NOAUTH NOPERM NOREPLICAS NOSCRIPT OOM READONLY ' +
    'TRYAGAIN WRONGPASS WRONGTYPE'
  ).split(' '),
);
const MAX_CAUSES = 3;
const PLAIN = /^\w{1,40}$/;

/** Class and code of an error and its causes, because messages quote data. */
export function errorKind(error: unknown): string {
  const kinds: string[] = [];
  let one = error;
  while (one !== undefined && one !== null && kinds.length < MAX_CAUSES) {
    kinds.push(kindOf(one));
    one = (one as { readonly cause?: unknown }).cause;
  }
  return kinds.join(', from ');
}

function kindOf(error: unknown): string {
  // `instanceof` fails for an error of another realm.
  if (typeof error !== 'object' || error === null) return `a ${typeof error}`;
  const { code, errcode, message } = error as { code?: unknown; errcode?: unknown; message?: unknown };
  const name: unknown = (error.constructor as { name?: unknown } | undefined)?.name;
  const first = typeof message === 'string' ? message.split(' ', 1)[0]! : '';
  const words = [name, code, errcode].filter(
    (word) => typeof word === 'number' || (typeof word === 'string' && PLAIN.test(word)),
  );
  if (code === undefined && REDIS_CODES.has(first)) words.push(first);
  return words.length === 0 ? 'an error without a name' : words.join(' ');
}

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && codes.includes(String(error.code));
}
