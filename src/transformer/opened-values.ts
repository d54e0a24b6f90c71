const MAX_CHARACTERS = 512 * 1024;
const ENTRY_CHARACTERS = 64;

interface OpenedValue {
  readonly value: string;
  readonly text: string;
}

/**
 * A cache for genuine values only, so that clients cannot fill it. A lookup leaks no prefix by time: characters are
 * compared only if a secretly seeded hash matches.
 */
export class OpenedValues {
  readonly #period: number;
  readonly #now: () => number;
  #newer = new Map<string, OpenedValue>();
  #older = new Map<string, OpenedValue>();
  #free = MAX_CHARACTERS;
  #since: number;

  constructor(periodInMilliseconds: number, now = (): number => performance.now()) {
    this.#period = periodInMilliseconds;
    this.#now = now;
    this.#since = now();
  }

  get(value: string): string | undefined {
    this.#expire();
    const newer = this.#newer.get(value);
    if (newer) return newer.text;
    const older = this.#older.get(value);
    if (older) this.#add(older);
    return older?.text;
  }

  set(value: string, text: string): void {
    this.#expire();
    if (charactersOf({ value, text }) > MAX_CHARACTERS) return;
    // A substring keeps its whole header in memory.
    const opened = { value: copyOf(value), text: copyOf(text) };
    if (opened.value === value && opened.text === text) this.#add(opened);
  }

  #add(opened: OpenedValue): void {
    const characters = charactersOf(opened);
    if (characters > this.#free) this.#startGeneration(this.#now());
    this.#newer.set(opened.value, opened);
    this.#free -= characters;
  }

  #expire(): void {
    const now = this.#now();
    const age = now - this.#since;
    if (age < this.#period) return;
    this.#startGeneration(now);
    if (age >= 2 * this.#period) this.#older.clear();
  }

  #startGeneration(now: number): void {
    this.#older = this.#newer;
    this.#newer = new Map();
    this.#free = MAX_CHARACTERS;
    this.#since = now;
  }
}

function charactersOf({ value, text }: OpenedValue): number {
  return value.length + text.length + ENTRY_CHARACTERS;
}

function copyOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
