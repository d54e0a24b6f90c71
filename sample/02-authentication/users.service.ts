import { Injectable } from '@nestjs/common';
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, Buffer>(scrypt);

export interface User {
  readonly id: string;
  readonly name: string;
}

interface Account {
  readonly user: User;
  readonly salt: Buffer;
  readonly hash: Promise<Buffer>;
}

/** Two people who can sign in. An application of yours has a table for that; the hashing may stay. */
@Injectable()
export class UsersService {
  readonly #accounts = new Map([
    ['ada', account({ id: 'u1', name: 'Ada' }, 'analytical-engine')],
    ['grace', account({ id: 'u2', name: 'Grace' }, 'first-compiler')],
  ]);
  readonly #nobody = account({ id: '', name: '' }, randomBytes(16).toString('hex'));

  /** @returns the user, or `undefined`. Takes as long for an unknown name as for a wrong password. */
  async authenticate(login: unknown, password: unknown): Promise<User | undefined> {
    if (typeof login !== 'string' || typeof password !== 'string') return undefined;
    const found = this.#accounts.get(login.trim().toLowerCase()) ?? this.#nobody;
    const matches = timingSafeEqual(await derive(password, found.salt, 32), await found.hash);
    return matches && found !== this.#nobody ? found.user : undefined;
  }

  nameOf(id: string | undefined): string {
    return [...this.#accounts.values()].find(({ user }) => user.id === id)?.user.name ?? '';
  }
}

function account(user: User, password: string): Account {
  const salt = randomBytes(16);
  return { user, salt, hash: derive(password, salt, 32) };
}
