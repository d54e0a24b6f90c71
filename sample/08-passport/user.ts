import { Injectable } from '@nestjs/common';
import { createHash, timingSafeEqual } from 'node:crypto';

export interface User {
  readonly id: string;
  readonly name: string;
}

const USERS: ReadonlyMap<string, User> = new Map([
  ['ada', { id: 'u1', name: 'Ada' }],
  ['grace', { id: 'u2', name: 'Grace' }],
]);
// For the sample only. Store a salted hash of each password, by argon2 or scrypt.
const PASSWORD = digest('first-compiler');

@Injectable()
export class Users {
  authenticate(login: string, password: string): User | undefined {
    return timingSafeEqual(digest(password), PASSWORD) ? USERS.get(login) : undefined;
  }

  find(id: string): User | undefined {
    return [...USERS.values()].find((user) => user.id === id);
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
