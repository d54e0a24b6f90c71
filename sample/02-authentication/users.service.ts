import { Injectable } from '@nestjs/common';
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, Buffer>(scrypt);

export interface User {
  readonly id: string;
  readonly name: string;
  /** May act for other users. */
  readonly isSupport?: boolean;
}

interface Account {
  readonly user: User;
  readonly salt: Buffer;
  readonly hash: Promise<Buffer>;
  /** For sign-in without the password. */
  readonly codes: readonly string[];
}

/** Two users. A real application has a table of users; you can keep the hashing. */
@Injectable()
export class UsersService {
  readonly #accounts = new Map([
    ['ada', account({ id: 'u1', name: 'Ada' }, 'analytical-engine')],
    ['grace', account({ id: 'u2', name: 'Grace', isSupport: true }, 'first-compiler')],
  ]);
  readonly #nobody = account({ id: '', name: '' }, randomBytes(16).toString('hex'));

  /** @returns the user, or `undefined`. Takes the same time for an unknown name and a wrong password. */
  async authenticate(login: unknown, password: unknown): Promise<User | undefined> {
    if (typeof login !== 'string' || typeof password !== 'string') return undefined;
    const found = this.#accounts.get(login.trim().toLowerCase()) ?? this.#nobody;
    const matches = timingSafeEqual(await derive(password, found.salt, 32), await found.hash);
    return matches && found !== this.#nobody ? found.user : undefined;
  }

  /** The users for whom this user may act. */
  othersFor(id: string | undefined): readonly User[] {
    const users = [...this.#accounts.values()].map(({ user }) => user);
    const isSupport = users.some((user) => user.id === id && user.isSupport);
    return isSupport ? users.filter((user) => user.id !== id) : [];
  }

  codesOf(id: string | undefined): readonly string[] {
    return [...this.#accounts.values()].find(({ user }) => user.id === id)?.codes ?? [];
  }

  nameOf(id: string | undefined): string {
    return [...this.#accounts.values()].find(({ user }) => user.id === id)?.user.name ?? '';
  }
}

function account(user: User, password: string): Account {
  const salt = randomBytes(16);
  const codes = [1, 2, 3].map(() => randomBytes(5).toString('hex'));
  return { user, salt, hash: derive(password, salt, 32), codes };
}
