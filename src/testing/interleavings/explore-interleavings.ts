import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';
import type { SessionStorage } from '../../storage/session-storage.js';
import { followUpOf, outcomesOf, ProcessDied, type Faults } from './call-outcome.js';
import { gatedStorage, type Gate } from './gated-storage.js';
import { seededRandom } from './seeded-random.js';
import { areIndependent, isSameStep, readsOnly, type Step, type WaitingCall } from './step.js';

/** What is to be explored: some requests that run at the same time, over one storage. */
export interface Interleavings<C, R> {
  /** Gives an empty storage for each order. */
  readonly open: () => OpenedStorage | Promise<OpenedStorage>;
  /** Brings the storage into the state that the requests find; its steps are not part of the order. */
  readonly prepare: (storage: SessionStorage) => Promise<C>;
  /** What runs at the same time. Each gets a storage whose every call waits for its turn. */
  readonly requests: ReadonlyArray<(storage: SessionStorage, context: C) => Promise<R>>;
  /** Called after each order with what the requests gave. Whatever it throws ends the exploration, with the order. */
  readonly check: (outcome: Outcome<C, R>) => void | Promise<void>;
  /** Put between the requests and the storage, as a `SessionStorageGuarded`; the calls behind it are the steps then. */
  readonly through?: (storage: SessionStorage) => SessionStorage;
  /** Whether all requests go through one and the same, or each through its own. Default `one`. */
  readonly processes?: 'one' | 'several';
  /** What may go wrong besides the order. Default: nothing. */
  readonly faults?: Faults;
  /** Run some of the orders only. Default: all. */
  readonly sample?: OrderSample;
  /** More orders than this are an error. Default 100,000. */
  readonly maxOrders?: number;
}

/** Orders that are chosen by chance, the same each time. */
export interface OrderSample {
  /** How many. One may be chosen more than once. */
  readonly orders: number;
  /** Another seed gives other orders. Default 1. */
  readonly seed?: number;
}

export interface OpenedStorage {
  readonly storage: SessionStorage;
  close?(): unknown;
}

/** How one order ended. */
export interface Outcome<C, R> {
  /** As the requests saw it. */
  readonly storage: SessionStorage;
  readonly context: C;
  /** By request, as `Promise.allSettled` gives them; rejected by {@link ProcessDied} where its process died. */
  readonly results: ReadonlyArray<PromiseSettledResult<Awaited<R>>>;
  /** The steps in their order, as `0 read`, with their outcome if it was another than success, as `0 replace (late)`. */
  readonly order: readonly string[];
}

/** What was explored. */
export interface Explored {
  /** How many orders were checked: all that differ, or those of the sample. */
  readonly orders: number;
  /** How many storage calls that took. */
  readonly steps: number;
}

/**
 * Runs the requests once in every order in which their storage calls can follow one another, and with `faults` once for
 * every way in which that many of these calls can fail. Each call runs to its end before the next one starts; between
 * their calls requests run freely. The same exploration gives the same orders.
 *
 * Two reads that follow each other give the same in either order, and only one of the two is run (sleep sets, Godefroid
 * 1996), unless the requests share what is put `through`, which may notice the difference. With `faults` the same goes for
 * two calls about different sessions, and for a call that fails without an effect.
 *
 * @throws what `check` throws, with the order in its message; and an error when requests wait for each other for ever.
 */
export async function exploreInterleavings<C, R>(interleavings: Interleavings<C, R>): Promise<Explored> {
  const caller = new AsyncLocalStorage<number>();
  try {
    return await (interleavings.sample
      ? exploreSome(interleavings, interleavings.sample, caller)
      : exploreAll(interleavings, caller));
  } finally {
    caller.disable();
  }
}

async function exploreAll<C, R>(
  interleavings: Interleavings<C, R>,
  caller: AsyncLocalStorage<number>,
): Promise<Explored> {
  const maxOrders = interleavings.maxOrders ?? 100_000;
  let [orders, steps] = [0, 0];
  // Which of the requests that were ready had its turn, at each step of the order; depth first, last step first.
  for (let turns: readonly Turn[] | undefined = []; turns; turns = following(turns)) {
    const given: readonly Turn[] = turns;
    const run = await runOrder(interleavings, caller, (_options, step) => given[step]?.chosen ?? 0);
    turns = run.turns;
    steps += turns.length;
    if (run.repeats) continue;
    if (++orders > maxOrders) throw new Error(`There are more than ${maxOrders} orders. Explore fewer requests.`);
  }
  return { orders, steps };
}

async function exploreSome<C, R>(
  interleavings: Interleavings<C, R>,
  { orders, seed = 1 }: OrderSample,
  caller: AsyncLocalStorage<number>,
): Promise<Explored> {
  const random = seededRandom(seed);
  const oneOf = (options: readonly Step[], wanted: readonly Step[]): number =>
    options.indexOf(wanted[Math.floor(random() * wanted.length)]!);
  const choose: Choose = (options) => {
    const [faulty, others] = [options.filter(isFault), options.filter((step) => !isFault(step))];
    const fails = others.length === 0 || (faulty.length > 0 && random() < CHANCE_OF_FAULT);
    return oneOf(options, fails ? faulty : others);
  };
  let steps = 0;
  for (let order = 0; order < orders; order++) {
    steps += (await runOrder(interleavings, caller, choose, false)).turns.length;
  }
  return { orders, steps };
}

/** Of a call in a sample, so that each call of a request is about as likely to be the one that fails. */
const CHANCE_OF_FAULT = 0.15;

function isFault({ outcome }: Step): boolean {
  return outcome !== undefined && outcome !== 'success';
}

/** @returns the index of the option that has its turn. */
type Choose = (options: readonly Step[], step: number) => number;

interface Turn {
  readonly chosen: number;
  readonly ready: number;
}

interface Run {
  readonly turns: readonly Turn[];
  /** Whether it was left because all that could follow was run in another order. */
  readonly repeats?: boolean;
}

function following(turns: readonly Turn[]): readonly Turn[] | undefined {
  const last = turns.findLastIndex(({ chosen, ready }) => chosen + 1 < ready);
  if (last < 0) return undefined;
  const { chosen, ready } = turns[last]!;
  return [...turns.slice(0, last), { chosen: chosen + 1, ready }];
}

/** The requests of one order: what each waits for, and which of them have died. */
class Waiting {
  readonly calls: WaitingCall[][];
  readonly deaths: ReadonlyArray<Promise<never>>;
  readonly #kill: Array<(error: Error) => void> = [];
  readonly #dead = new Set<number>();

  constructor(count: number) {
    this.calls = Array.from({ length: count }, () => []);
    this.deaths = this.calls.map(() => new Promise<never>((_, reject) => this.#kill.push(reject)));
  }

  /** The process of a request ends: none of its calls is made any more, and none is answered. */
  kill(index: number): void {
    this.#dead.add(index);
    this.calls[index] = [];
    this.#kill[index]!(new ProcessDied());
  }

  add(index: number, call: WaitingCall): void {
    if (!this.#dead.has(index)) this.calls[index]!.push(call);
  }
}

/** Runs one order. @param skips leaves it where all that could follow was run in another order. */
async function runOrder<C, R>(
  interleavings: Interleavings<C, R>,
  caller: AsyncLocalStorage<number>,
  choose: Choose,
  skips = true,
): Promise<Run> {
  const { storage, close } = await opened(interleavings);
  try {
    const waiting = new Waiting(interleavings.requests.length);
    const through = interleavings.through ?? ((gated: SessionStorage): SessionStorage => gated);
    // One wrapper for all requests sees only by the context of a call whose it is.
    const shared = interleavings.through && interleavings.processes !== 'several';
    const first = through(
      shared
        ? gatedStorage(
            storage,
            gateOf(waiting, () => caller.getStore()),
          )
        : storage,
    );
    const context = await interleavings.prepare(first);
    const requests = interleavings.requests.map(async (run, index) =>
      shared
        ? caller.run(index, () => run(first, context))
        : run(
            through(
              gatedStorage(
                storage,
                gateOf(waiting, () => index),
              ),
            ),
            context,
          ),
    );
    const results = Promise.allSettled(
      requests.map((request, index) => Promise.race([request, waiting.deaths[index]!])),
    );
    const { turns, order, repeats } = await takeTurns(waiting, choose, interleavings.faults, skips && !shared);
    if (repeats) return { turns, repeats };
    const outcome = await Promise.race([results, setImmediate(undefined)]);
    if (!outcome) throw new Error(`Requests wait for each other for ever after: ${order.join(', ')}`);
    await checked(interleavings, { storage: first, context, results: outcome, order });
    return { turns };
  } finally {
    await close();
  }
}

async function takeTurns(
  waiting: Waiting,
  choose: Choose,
  faults: Faults | undefined,
  skips: boolean,
): Promise<Run & { readonly order: readonly string[] }> {
  const turns: Turn[] = [];
  const areAlike = faults ? areIndependent : readsOnly;
  // Steps that were run before, at a point from which only steps that are independent of them have followed.
  let asleep: readonly Step[] = [];
  const order: string[] = [];
  // What takes effect at some later step.
  const delayed: Step[] = [];
  let faulty = 0;
  for (;;) {
    // Everything that can go on without a storage call has gone on after this.
    await setImmediate();
    const left = (faults?.count ?? 0) - faulty;
    const options = optionsOf(waiting, delayed, left > 0 ? faults : undefined).filter(
      (option) => !asleep.some((step) => isSameStep(step, option)),
    );
    if (options.length === 0) return { turns, order, repeats: asleep.length > 0 };
    const chosen = choose(options, turns.length);
    turns.push({ chosen, ready: options.length });
    const step = options[chosen]!;
    if (skips) asleep = [...asleep, ...options.slice(0, chosen)].filter((before) => areAlike(before, step));
    if (isFault(step)) faulty++;
    order.push(nameOf(step));
    await take(step, waiting, delayed);
  }
}

function nameOf({ index, call, outcome }: Step): string {
  if (outcome === undefined) return call.name;
  return outcome === 'success' ? `${index} ${call.name}` : `${index} ${call.name} (${outcome})`;
}

async function take({ index, call, outcome }: Step, waiting: Waiting, delayed: Step[]): Promise<void> {
  if (outcome === undefined) {
    delayed.splice(
      delayed.findIndex((step) => step.call === call),
      1,
    );
    await call.run();
    return;
  }
  waiting.calls[index]!.shift();
  const later = await followUpOf(outcome, call);
  if (later) delayed.push({ index, call: { ...call, name: `${index} ${call.name}, ${later.name}`, run: later.run } });
  if (outcome === 'death') waiting.kill(index);
}

function optionsOf(waiting: Waiting, delayed: readonly Step[], faults: Faults | undefined): readonly Step[] {
  const ready = [...waiting.calls.entries()].flatMap(([index, [call]]) => (call ? [{ index, call }] : []));
  return [
    ...ready.map((next): Step => ({ ...next, outcome: 'success' })),
    ...delayed,
    ...ready.flatMap((next) => outcomesOf(next.call.operation, faults).map((outcome): Step => ({ ...next, outcome }))),
  ];
}

async function opened<C, R>(
  interleavings: Interleavings<C, R>,
): Promise<{ storage: SessionStorage; close: () => Promise<void> }> {
  const open = await interleavings.open();
  return { storage: open.storage, close: async () => void (await open.close?.()) };
}

function gateOf(waiting: Waiting, caller: () => number | undefined): Gate {
  return (name, call, id) => {
    const index = caller();
    // Nobody's request: preparation and checks run freely.
    if (index === undefined) return call();
    return new Promise((resolve, reject) => {
      const answer = (): Promise<void> => call().then(resolve, reject);
      waiting.add(index, { name, operation: name, id, answer, run: call, fail: reject });
    });
  };
}

async function checked<C, R>(interleavings: Interleavings<C, R>, outcome: Outcome<C, R>): Promise<void> {
  try {
    await interleavings.check(outcome);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new Error(`${problem}\nin the order: ${outcome.order.join(', ')}`, { cause: error });
  }
}
