import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';
import type { SessionStorage } from '../../storage/session-storage.js';
import { wrappedStorage, type AroundCall } from '../../storage/wrapped-storage.js';
import { followUpOf, outcomesOf, ProcessDied, type Faults } from './call-outcome.js';
import { areIndependent, isSameStep, readsOnly, type Step, type WaitingCall } from './step.js';

/** Concurrent requests on one storage. */
export interface Interleavings<C, R> {
  /** Returns an empty storage per order. */
  readonly open: () => OpenedStorage | Promise<OpenedStorage>;
  /** Not part of the order. */
  readonly prepare: (storage: SessionStorage) => Promise<C>;
  readonly requests: ReadonlyArray<(storage: SessionStorage, context: C) => Promise<R>>;
  /** An error ends the exploration. */
  readonly check: (outcome: Outcome<C, R>) => void | Promise<void>;
  /** Wraps the storage; the calls of the wrapper are the steps. */
  readonly through?: (storage: SessionStorage) => SessionStorage;
  /** One wrapper for all requests, or one each. Default `one`. */
  readonly processes?: 'one' | 'several';
  /** Default: no faults. */
  readonly faults?: Faults;
  readonly sample?: OrderSample;
  /** Throws if there are more. Default 100,000. */
  readonly maxOrders?: number;
}

/** Random orders, the same each time. */
export interface OrderSample {
  readonly orders: number;
  /** Default 1. */
  readonly seed?: number;
}

export interface OpenedStorage {
  readonly storage: SessionStorage;
  close?(): unknown;
}

export interface Outcome<C, R> {
  readonly storage: SessionStorage;
  readonly context: C;
  /** By request; rejected with {@link ProcessDied} if its process died. */
  readonly results: ReadonlyArray<PromiseSettledResult<Awaited<R>>>;
  /** Steps such as `0 read` or `0 replace (late)`. */
  readonly order: readonly string[];
}

export interface Explored {
  readonly orders: number;
  readonly steps: number;
}

/**
 * Runs the requests in every order of their storage calls, and with `faults` with every combination of failures. Of
 * orders that differ only in independent steps, one is run (sleep sets, Godefroid 1996).
 * @throws the error of `check` with the order in its message; an error for a deadlock.
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

const CHANCE_OF_FAULT = 0.15;

function isFault({ outcome }: Step): boolean {
  return outcome !== undefined && outcome !== 'success';
}

type Choose = (options: readonly Step[], step: number) => number;

interface Turn {
  readonly chosen: number;
  readonly ready: number;
}

interface Run {
  readonly turns: readonly Turn[];
  readonly repeats?: boolean;
}

function following(turns: readonly Turn[]): readonly Turn[] | undefined {
  const last = turns.findLastIndex(({ chosen, ready }) => chosen + 1 < ready);
  if (last < 0) return undefined;
  const { chosen, ready } = turns[last]!;
  return [...turns.slice(0, last), { chosen: chosen + 1, ready }];
}

class Waiting {
  readonly calls: WaitingCall[][];
  readonly deaths: ReadonlyArray<Promise<never>>;
  readonly #kill: Array<(error: Error) => void> = [];
  readonly #dead = new Set<number>();

  constructor(count: number) {
    this.calls = Array.from({ length: count }, () => []);
    this.deaths = this.calls.map(() => new Promise<never>((_, reject) => this.#kill.push(reject)));
  }

  kill(index: number): void {
    this.#dead.add(index);
    this.calls[index] = [];
    this.#kill[index]!(new ProcessDied());
  }

  add(index: number, call: WaitingCall): void {
    if (!this.#dead.has(index)) this.calls[index]!.push(call);
  }
}

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
    // A shared wrapper finds the request by context.
    const shared = interleavings.through && interleavings.processes !== 'several';
    const first = through(
      shared
        ? wrappedStorage(
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
              wrappedStorage(
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
    if (!outcome) throw new Error(`Deadlock of requests after: ${order.join(', ')}`);
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
  const commute = faults ? areIndependent : readsOnly;
  // Run earlier, followed only by independent steps.
  let skipped: readonly Step[] = [];
  const order: string[] = [];
  // Calls that take effect at a later step.
  const delayed: Step[] = [];
  let faulty = 0;
  for (;;) {
    await setImmediate();
    const left = (faults?.count ?? 0) - faulty;
    const options = optionsOf(waiting, delayed, left > 0 ? faults : undefined).filter(
      (option) => !skipped.some((step) => isSameStep(step, option)),
    );
    if (options.length === 0) return { turns, order, repeats: skipped.length > 0 };
    const chosen = choose(options, turns.length);
    turns.push({ chosen, ready: options.length });
    const step = options[chosen]!;
    if (skips) skipped = [...skipped, ...options.slice(0, chosen)].filter((before) => commute(before, step));
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

function gateOf(waiting: Waiting, caller: () => number | undefined): AroundCall {
  return (name, call, id) => {
    const index = caller();
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

/** Linear congruential generator. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  // Similar seeds start with similar numbers.
  for (let warmUp = 0; warmUp < 8; warmUp++) next();
  return next;
}
