const NAMES: ReadonlyMap<string, string> = new Map([
  ['secret', 'called keys here: a random key of 32 bytes, or a list, newest first'],
  ['secrets', 'called keys here'],
  ['password', 'called keys here: a random key of 32 bytes, or a list, newest first'],
  ['store', 'called storage here'],
  ['genid', 'called identity here'],
  ['idGenerator', 'called identity here'],
  ['cookieName', 'the first argument of @Session here, or name in an entry of sessions'],
  ['ttl', 'called idleTimeoutInSeconds here; see also absoluteTimeoutInSeconds'],
  ['duration', 'called absoluteTimeoutInSeconds here, in seconds'],
  ['activeDuration', 'called idleTimeoutInSeconds here, in seconds'],
  ['maxAge', 'called maxAgeInSeconds here, an option of cookie; the server uses idleTimeoutInSeconds'],
  ['expiry', 'called absoluteTimeoutInSeconds here, in seconds'],
  ['cookieOptions', 'called cookie here'],
  ['global', 'called isGlobal here'],
  ['touchAfter', 'called renewAfterInSeconds here'],
  ['resave', 'not needed here: only changes are stored. Remove it'],
  ['saveUninitialized', 'not needed here: a session is stored when a handler changes it. Remove it'],
  ['rolling', 'not needed here: a session is renewed when it is used, see renewAfterInSeconds. Remove it'],
  ['unset', 'not needed here: sessions.clear(Type) ends a session. Remove it'],
  ['proxy', "not needed here: secure: 'auto' uses X-Forwarded-Proto. Remove it"],
  ['signed', 'not needed here: values are sealed with keys. Remove it'],
  ['overwrite', 'not needed here: a cookie is sent once. Remove it'],
]);

export function foreignOption(option: string): string | undefined {
  const here = NAMES.get(option);
  return here === undefined ? undefined : `${option} is ${here}.`;
}
