export const PARALLEL = 12;
export const ROUNDS = 15;
export const LOGOUTS = 30;

/** @returns the numbers of lost changes and undone logouts; `updates` only if the package has such a call. */
export async function play(url) {
  return {
    fields: await lostFields(url),
    updates: await lostIncrements(url, 'update', 'updates'),
    counter: await lostIncrements(url, 'count', 'counter'),
    undone: await undoneLogouts(url),
  };
}

async function lostFields(url) {
  const visitor = await signIn(url);
  let lost = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    await parallel((index) => ask(url, `/field/${index}/${round}`, visitor));
    const { fields } = await ask(url, '/show', visitor);
    for (let index = 0; index < PARALLEL; index++) if (fields[`f${index}`] !== round) lost++;
  }
  return lost;
}

async function lostIncrements(url, path, field) {
  const visitor = await signIn(url);
  if ((await ask(url, `/${path}`, visitor)) === undefined) return undefined;
  for (let round = 0; round < ROUNDS; round++) await parallel(() => ask(url, `/${path}`, visitor));
  const session = await ask(url, '/show', visitor);
  return PARALLEL * ROUNDS + 1 - session[field];
}

/** The user signs out during a slow request that changes the session. @returns whether the logout was undone. */
async function undoneLogouts(url) {
  let undone = 0;
  for (let round = 0; round < LOGOUTS; round++) {
    const visitor = await signIn(url);
    const slow = ask(url, '/slow', visitor);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await ask(url, '/sign-out', visitor);
    await slow;
    if ((await ask(url, '/show', visitor)).userId) undone++;
  }
  return undone;
}

const parallel = (run) => Promise.all(Array.from({ length: PARALLEL }, (_, index) => run(index)));

/** @returns the `Cookie` header of a signed-in visitor. */
async function signIn(url) {
  const response = await fetch(`${url}/sign-in`);
  await response.arrayBuffer();
  return response.headers
    .getSetCookie()
    .map((line) => line.slice(0, line.indexOf(';')))
    .join('; ');
}

/** @returns the answer, or `undefined` if the route does not exist. */
async function ask(url, path, cookie) {
  const response = await fetch(url + path, { headers: { cookie } });
  const answer = await response.json();
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`${path} answers ${response.status}.`);
  return answer;
}
