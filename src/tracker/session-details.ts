/** The actor in a session. Times are epoch milliseconds. */
export interface SessionActor {
  /** The owner of the actor's own session. */
  readonly owner: string;
  readonly since: number;
  /** When the acting ends by itself. */
  readonly until: number;
  /** The options of `actAs`. */
  readonly reason: string;
}

/** An actor with their own session, which is restored when the acting ends. */
export interface KeptActor extends SessionActor {
  readonly text: string;
  readonly details?: SessionDetails | undefined;
}

/**
 * Facts of one session besides its content: authentication and a lifetime of its own. Stored in the envelope, after the
 * times; most sessions have none.
 */
export interface SessionDetails {
  /** Time of the last reauthentication, in epoch milliseconds. Absent: the creation of the session. */
  readonly authenticatedAt?: number | undefined;
  /** Time of the last authentication by method, in epoch milliseconds. */
  readonly methods?: Readonly<Record<string, number>> | undefined;
  /** Its own idle timeout in milliseconds; `0`: none. */
  readonly idle?: number | undefined;
  /** Its own absolute timeout in milliseconds; `0`: none. */
  readonly absolute?: number | undefined;
  /** Whether its cookie outlives the browser. */
  readonly persistent?: boolean | undefined;
  /** The path to return to after authentication. */
  readonly returnTo?: string | undefined;
  /** Time of the last rotation, in epoch milliseconds, if ids are rotated by age. Absent: the creation. */
  readonly rotatedAt?: number | undefined;
  /** Who acts for the owner. */
  readonly actor?: KeptActor | undefined;
}

type Check = (value: unknown) => boolean;

const isMoment: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const CHECKS: Readonly<Record<keyof SessionDetails, Check>> = {
  authenticatedAt: isMoment,
  methods: (value) => typeof value === 'object' && value !== null && Object.values(value).every(isMoment),
  idle: isMoment,
  absolute: isMoment,
  persistent: (value) => typeof value === 'boolean',
  returnTo: isText,
  rotatedAt: isMoment,
  actor: isActor,
};

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isActor(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { owner, since, until, reason, text, details } = value as Record<keyof KeptActor, unknown>;
  if (![owner, reason, text].every(isText) || ![since, until].every(isMoment)) return false;
  return details === undefined || isDetails(details);
}

/** Letters, digits, `-` and `_`: no dot, which separates the parts of an envelope. */
export function encodeDetails(details: SessionDetails): string {
  return Buffer.from(JSON.stringify(details)).toString('base64url');
}

/** @returns `undefined` for text that {@link encodeDetails} does not write. */
export function decodeDetails(text: string): SessionDetails | undefined {
  let details: unknown;
  try {
    details = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return undefined;
  }
  return isDetails(details) ? details : undefined;
}

function isDetails(details: unknown): details is SessionDetails {
  if (typeof details !== 'object' || details === null || Array.isArray(details)) return false;
  return Object.entries(CHECKS).every(([name, check]) => {
    const value = (details as Record<string, unknown>)[name];
    return value === undefined || check(value);
  });
}

/** `details` overridden by `others`. @returns `undefined` if there are none. */
export function joinedDetails(
  details: SessionDetails | undefined,
  others: SessionDetails | undefined,
): SessionDetails | undefined {
  return others === undefined ? details : { ...details, ...others };
}
