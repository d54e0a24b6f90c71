import { SessionConfigurationError } from '../errors/session.errors.js';
import type { KeyMaterial } from './key-material.js';

/** Number: epoch milliseconds. String: ISO 8601. */
export type KeyMoment = Date | number | string;

export interface ScheduledKey {
  readonly key: KeyMaterial | undefined;
  /**
   * Start of protecting; before, it only reads, so that every process can load it first. The latest past `from` wins.
   * Default: at once.
   */
  readonly from?: KeyMoment | undefined;
  /** End of reading. Default: never. */
  readonly until?: KeyMoment | undefined;
}

/** Such as from a secret manager, a file or a database. */
export type KeySource = () => Promise<readonly ScheduledKey[]> | readonly ScheduledKey[];

export interface KeySourceOptions {
  /** Default 300. */
  readonly reloadEveryInSeconds?: number;
  /** Called when a reload fails. Default: `process.emitWarning`. */
  readonly onError?: (error: unknown) => void;
  /** In epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
  /** Calls `run` once. Default: an unreferenced timer. */
  readonly startTimer?: (run: () => void, milliseconds: number) => void;
}

export interface KeyService {
  readonly key: KeyMaterial | undefined;
  readonly from: number;
  readonly until: number;
}

const LONGEST_TIMER = 2 ** 31 - 1;

export class KeySchedule {
  readonly #source: KeySource;
  readonly #reloadEvery: number;
  readonly #onError: (error: unknown) => void;
  readonly #startTimer: (run: () => void, milliseconds: number) => void;
  readonly now: () => number;
  #services: readonly KeyService[] = [];
  #reloadAt = 0;
  #closed = false;

  constructor(source: KeySource, options: KeySourceOptions = {}) {
    const { reloadEveryInSeconds = 300 } = options;
    if (!Number.isFinite(reloadEveryInSeconds) || reloadEveryInSeconds <= 0) {
      throw new SessionConfigurationError('reloadEveryInSeconds must be a positive number.');
    }
    this.#source = source;
    this.#reloadEvery = reloadEveryInSeconds * 1000;
    this.#onError = options.onError ?? warn;
    this.now = options.now ?? Date.now;
    this.#startTimer = options.startTimer ?? ((run, milliseconds) => void setTimeout(run, milliseconds).unref());
  }

  get services(): readonly KeyService[] {
    return this.#services;
  }

  async load(): Promise<readonly KeyService[]> {
    const keys = await this.#source();
    if (!Array.isArray(keys))
      throw new SessionConfigurationError('A key source must return a list of { key, from, until }.');
    return keys.map((key: ScheduledKey, index) => serviceOf(key, index));
  }

  start(services: readonly KeyService[], apply: (services: readonly KeyService[]) => void): void {
    apply(services);
    this.#services = services;
    this.#reloadAt = this.now() + this.#reloadEvery;
    this.#wait(apply);
  }

  close(): void {
    this.#closed = true;
  }

  /** The protecting key first; empty without one. */
  static inService(services: readonly KeyService[], now: number): readonly KeyService[] {
    const reading = services.filter(({ until }) => until > now);
    const protecting = reading
      .filter(({ from }) => from <= now)
      .reduce<KeyService | undefined>(
        (best, one) => (best === undefined || one.from > best.from ? one : best),
        undefined,
      );
    return protecting ? [protecting, ...reading.filter((one) => one !== protecting)] : [];
  }

  #wait(apply: (services: readonly KeyService[]) => void): void {
    const now = this.now();
    const moments = this.#services.flatMap(({ from, until }) => [from, until]).filter((moment) => moment > now);
    const next = Math.min(this.#reloadAt, ...moments);
    this.#startTimer(
      () => {
        if (!this.#closed) void this.#turn(apply).then(() => this.#wait(apply));
      },
      Math.min(next - now, LONGEST_TIMER),
    );
  }

  async #turn(apply: (services: readonly KeyService[]) => void): Promise<void> {
    try {
      let services = this.#services;
      if (this.now() >= this.#reloadAt) {
        this.#reloadAt = this.now() + this.#reloadEvery;
        services = await this.load();
      }
      apply(services);
      this.#services = services;
    } catch (error) {
      this.#onError(error);
      apply(this.#services);
    }
  }
}

function serviceOf({ key, from, until }: ScheduledKey, index: number): KeyService {
  const service = {
    key,
    from: momentOf(from, `keys[${index}].from`, -Infinity),
    until: momentOf(until, `keys[${index}].until`, Infinity),
  };
  if (service.until <= service.from) {
    throw new SessionConfigurationError(`keys[${index}]: until must be after from.`);
  }
  return service;
}

function momentOf(moment: KeyMoment | undefined, place: string, otherwise: number): number {
  if (moment === undefined || moment === null) return otherwise;
  const at = moment instanceof Date ? moment.getTime() : typeof moment === 'number' ? moment : Date.parse(moment);
  if (Number.isFinite(at)) return at;
  throw new SessionConfigurationError(
    `${place} is not a point in time. Use a Date, epoch milliseconds, or a string such as 2027-01-31T00:00:00Z.`,
  );
}

function warn(error: unknown): void {
  const kind = error instanceof SessionConfigurationError ? error.message : (error as Error | undefined)?.name;
  process.emitWarning(`The key source failed. The previous keys stay in use. ${kind ?? ''}`, 'SessionWarning');
}
