import { duration, type SessionSummary } from './session-summary.js';

type AsvsStatus = 'met' | 'by option' | 'yours' | 'no';

interface AsvsLine {
  readonly id: string;
  readonly level: 1 | 2 | 3;
  readonly requirement: string;
  readonly status: AsvsStatus;
  readonly reason: string;
}

type Verdict = readonly [status: AsvsStatus, reason: string];

interface Requirement {
  readonly id: string;
  readonly level: 1 | 2 | 3;
  readonly requirement: string;
  readonly verdict: (sessions: readonly SessionSummary[]) => Verdict;
}

const NO_SIGN_IN: Verdict = ['yours', 'No session has a @SessionOwner() field, so no sign-in session is known.'];

const signedIn = (sessions: readonly SessionSummary[]): SessionSummary[] =>
  sessions.filter(({ owner }) => owner !== undefined);
const names = (sessions: readonly SessionSummary[]): string => sessions.map(({ name }) => name).join(', ');

function forSignIns(
  sessions: readonly SessionSummary[],
  fails: (session: SessionSummary) => boolean,
  met: Verdict,
  failed: string,
): Verdict {
  const all = signedIn(sessions);
  if (all.length === 0) return NO_SIGN_IN;
  const failing = all.filter(fails);
  return failing.length === 0 ? met : ['no', `${names(failing)}: ${failed}`];
}

function timeout(sessions: readonly SessionSummary[], which: 'idle' | 'absolute'): Verdict {
  const unlimited = sessions.filter((session) => session[which] === 0);
  if (unlimited.length > 0) return ['no', `${names(unlimited)}: no limit. Set ${which}TimeoutInSeconds.`];
  const unknown = sessions.filter((session) => session[which] === undefined);
  if (unknown.length > 0) return ['yours', `${names(unknown)}: a custom provider.`];
  return ['met', sessions.map((session) => `${session.name} ${duration(session[which])}`).join(', ')];
}

const revocable = (sessions: readonly SessionSummary[], call: string): Verdict =>
  forSignIns(
    sessions,
    (session) => !session.revocable,
    ['yours', call],
    "sessions cannot be listed by owner. Use tracker: 'by-id' and a storage with an owner index.",
  );

/** OWASP ASVS 5.0, chapter V7 "Session Management", shortened. */
const REQUIREMENTS: readonly Requirement[] = [
  {
    id: '7.1.1',
    level: 2,
    requirement: 'Idle and absolute timeouts are documented and justified',
    verdict: (sessions) => [
      'yours',
      `Document: ${sessions.map(({ name, idle, absolute }) => `${name} idle ${duration(idle)}, absolute ${duration(absolute)}`).join('; ')}.`,
    ],
  },
  {
    id: '7.1.2',
    level: 2,
    requirement: 'The number of parallel sessions per account and the behaviour beyond it are documented',
    verdict: (sessions) => {
      const all = signedIn(sessions);
      if (all.length === 0) return NO_SIGN_IN;
      const unlimited = all.filter(({ maxPerOwner }) => maxPerOwner === undefined);
      if (unlimited.length > 0) return ['by option', `${names(unlimited)}: unlimited. Set maxPerOwner.`];
      return ['met', all.map(({ name, maxPerOwner }) => `${name} ${maxPerOwner}`).join('; ')];
    },
  },
  {
    id: '7.1.3',
    level: 2,
    requirement: 'Federated systems and how their sessions end together are documented',
    verdict: () => ['yours', 'Single sign-on is outside this package.'],
  },
  {
    id: '7.2.1',
    level: 1,
    requirement: 'Session tokens are verified by a trusted backend',
    verdict: (sessions) => {
      const plain = sessions.filter(({ plainText }) => plainText);
      return plain.length > 0
        ? ['no', `${names(plain)}: plain text. Remove transformers: [].`]
        : ['met', 'The server verifies the seal or the stored id at every request.'];
    },
  },
  {
    id: '7.2.2',
    level: 1,
    requirement: 'Tokens are generated dynamically; no static API keys',
    verdict: () => ['met', 'Each session has its own id or sealed value.'],
  },
  {
    id: '7.2.3',
    level: 1,
    requirement: 'Reference tokens are unique, from a CSPRNG, with at least 128 bits',
    verdict: (sessions) => {
      const own = sessions.filter(({ ownIds }) => ownIds);
      return own.length > 0
        ? ['yours', `${names(own)}: identity generates the ids.`]
        : ['met', 'Ids are 256 bits of randomBytes.'];
    },
  },
  {
    id: '7.2.4',
    level: 1,
    requirement: 'Authentication creates a new token and ends the current one',
    verdict: (sessions) =>
      forSignIns(
        sessions,
        ({ byId }) => !byId,
        [
          'met',
          'A change of the @SessionOwner() field rotates the id. sessions.authenticated() does the same at re-authentication.',
        ],
        'by value: a copy from before the sign-in stays valid with its old content.',
      ),
  },
  {
    id: '7.3.1',
    level: 2,
    requirement: 'Inactivity timeout',
    verdict: (sessions) => timeout(sessions, 'idle'),
  },
  {
    id: '7.3.2',
    level: 2,
    requirement: 'Absolute maximum lifetime',
    verdict: (sessions) => timeout(sessions, 'absolute'),
  },
  {
    id: '7.4.1',
    level: 1,
    requirement: 'After logout or expiry the session cannot be used',
    verdict: (sessions) =>
      forSignIns(
        sessions,
        ({ byId }) => !byId,
        ['met', 'clear() ends the record; expiry is checked on the server.'],
        "by value: a copy taken before the logout works until it expires. Use tracker: 'by-id'.",
      ),
  },
  {
    id: '7.4.2',
    level: 1,
    requirement: 'Disabling or deleting an account ends its sessions',
    verdict: (sessions) => revocable(sessions, 'Call SessionsService.revokeAll(Type, owner) when an account ends.'),
  },
  {
    id: '7.4.3',
    level: 2,
    requirement: 'Users can end all other sessions after changing a factor',
    verdict: (sessions) => revocable(sessions, 'Call revokeAll(Type, owner, { except: id }) after the change.'),
  },
  {
    id: '7.4.4',
    level: 2,
    requirement: 'Every page that needs a sign-in shows how to log out',
    verdict: () => ['yours', 'Add it to your pages.'],
  },
  {
    id: '7.4.5',
    level: 2,
    requirement: 'Administrators can end the sessions of a user or of all users',
    verdict: (sessions) => revocable(sessions, 'Offer revokeAll(Type, owner) to administrators.'),
  },
  {
    id: '7.5.1',
    level: 2,
    requirement: 'Full re-authentication before changes of sensitive account data',
    verdict: () => ['by option', 'Add @RequireFresh() to these handlers.'],
  },
  {
    id: '7.5.2',
    level: 2,
    requirement: 'Users can see and, after authenticating again, end their sessions',
    verdict: (sessions) => revocable(sessions, 'Build the page from SessionsService.list and revoke.'),
  },
  {
    id: '7.5.3',
    level: 3,
    requirement: 'A further factor before highly sensitive operations',
    verdict: () => ['by option', 'Add @RequireFresh() with methods to these handlers.'],
  },
  {
    id: '7.6.1',
    level: 2,
    requirement: 'Session lifetime matches that of the identity provider',
    verdict: () => ['yours', 'Set the timeouts that the provider documents.'],
  },
  {
    id: '7.6.2',
    level: 2,
    requirement: 'A session is created only with consent or an explicit action of the user',
    verdict: () => ['yours', 'Set the owner field only in sign-in handlers.'],
  },
];

export function asvsLines(sessions: readonly SessionSummary[]): readonly AsvsLine[] {
  return REQUIREMENTS.map(({ id, level, requirement, verdict }) => {
    const [status, reason] = verdict(sessions);
    return { id, level, requirement, status, reason };
  });
}
