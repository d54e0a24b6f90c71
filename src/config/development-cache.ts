import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const FOLDER = join('node_modules', '.cache', 'nestjs-sessions');
const KEY = /^[\w-]{43}$/;
const OWNER_ONLY = 0o600;
const NO_FOLLOW = (constants as { O_NOFOLLOW?: number }).O_NOFOLLOW ?? 0;

/**
 * Keeps sessions through restarts in development, in `node_modules/.cache/nestjs-sessions`, per entry file, readable
 * by their owner only.
 */
export class DevelopmentCache {
  readonly #folder: string;
  readonly #entry: string;

  constructor(folder: string, entry: string) {
    this.#folder = folder;
    this.#entry = createHash('sha256').update(entry).digest('hex').slice(0, 12);
  }

  /** `undefined` unless `NODE_ENV` is unset or `development`, or without `node_modules`. */
  static ofProcess(): DevelopmentCache | undefined {
    const { NODE_ENV } = process.env;
    if (NODE_ENV !== undefined && NODE_ENV !== '' && NODE_ENV !== 'development') return undefined;
    const root = packageRoot(process.cwd());
    return root === undefined ? undefined : new DevelopmentCache(join(root, FOLDER), process.argv[1] ?? root);
  }

  /** Random, created once. `undefined` if it cannot be stored safely. */
  key(): string | undefined {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      return this.#newKey() ?? this.#readKey();
    } catch {
      return undefined;
    }
  }

  /** `undefined` if it is missing or others could have written it. */
  read(name: string): Buffer | undefined {
    let file: number | undefined;
    try {
      file = openSync(this.#path(name), constants.O_RDONLY | NO_FOLLOW);
      return isOwn(file) ? readFileSync(file) : undefined;
    } catch {
      return undefined;
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }

  /** Atomic; ignores errors. */
  write(name: string, content: Buffer): void {
    const temporary = `${this.#path(name)}.${randomBytes(6).toString('hex')}`;
    try {
      this.#create(temporary, content);
      renameSync(temporary, this.#path(name));
    } catch {}
  }

  #newKey(): string | undefined {
    const key = randomBytes(32).toString('base64url');
    try {
      this.#create(this.#path('key'), Buffer.from(key));
      return key;
    } catch {
      return undefined;
    }
  }

  #readKey(): string | undefined {
    const text = this.read('key')?.toString('latin1');
    return text !== undefined && KEY.test(text) ? text : undefined;
  }

  #create(path: string, content: Buffer): void {
    const file = openSync(path, 'wx', OWNER_ONLY);
    try {
      writeSync(file, content);
    } finally {
      closeSync(file);
    }
  }

  #path(name: string): string {
    return join(this.#folder, `${name}-${this.#entry}`);
  }
}

function isOwn(file: number): boolean {
  const { uid, mode } = fstatSync(file);
  if (!fstatSync(file).isFile()) return false;
  return process.getuid === undefined || (uid === process.getuid() && (mode & 0o077) === 0);
}

function packageRoot(folder: string): string | undefined {
  for (let one = folder; ; one = dirname(one)) {
    if (statSync(join(one, 'node_modules'), { throwIfNoEntry: false })?.isDirectory()) return one;
    if (dirname(one) === one) return undefined;
  }
}
