import { instanceToPlain, plainToInstance } from 'class-transformer';
import { SessionSerializerReflection } from '../lib/package-under-test.mjs';
import { BenchSession, newPlainSession, newSession } from '../lib/session-data.mjs';

/** Text to session and back: this package, class-transformer with JSON, and JSON without types. */
export function serializers(size) {
  const session = newSession(size);
  const plain = newPlainSession(size);
  const text = JSON.stringify(plain);
  const ours = new SessionSerializerReflection(BenchSession);
  const own = ours.serialize(session);
  const migrations = [1, 2].map((from) => ({ from, to: from + 1, migrate: (fields) => fields }));
  const versioned = new SessionSerializerReflection(BenchSession, {}, { version: 3, migrations });
  const ofThisVersion = versioned.serialize(session);
  return [
    ['read', 'nestjs-sessions', () => ours.deserialize(own)],
    ['read', 'nestjs-sessions, version 3 of version 3', () => versioned.deserialize(ofThisVersion)],
    ['read', 'class-transformer and JSON', () => plainToInstance(BenchSession, JSON.parse(text))],
    ['read', 'JSON alone', () => JSON.parse(text)],
    ['write', 'nestjs-sessions', () => ours.serialize(session)],
    ['write', 'nestjs-sessions, version 3', () => versioned.serialize(session)],
    ['write', 'class-transformer and JSON', () => JSON.stringify(instanceToPlain(session))],
    ['write', 'JSON alone', () => JSON.stringify(plain)],
  ];
}
