/** Who uses a session in place of its owner. Times are epoch milliseconds. */
export interface SessionActor {
  /** Whose session it was before, and is afterwards. */
  readonly owner: string;
  readonly since: number;
  /** When it ends by itself. */
  readonly until: number;
  /** The options of `actAs`. */
  readonly reason: string;
}

/** An actor together with their own session, which is restored when the acting ends. Its times are kept all along. */
export interface KeptActor extends SessionActor {
  readonly text: string;
  readonly details?: SessionDetails | undefined;
}

/**
 * What was said of one session besides its content: when its owner was authenticated anew and how, and a lifetime of its
 * own. Travels in the envelope, beside the times; most sessions have none.
 */
export interface SessionDetails {
  /** When its owner proved again who they are, in epoch milliseconds. Absent: when the session was created. */
  readonly authenticatedAt?: number | undefined;
  /** By the name of each method with which its owner was authenticated: when, in epoch milliseconds. */
  readonly methods?: Readonly<Record<string, number>> | undefined;
  /** Its own idle timeout in milliseconds; `0`: none. */
  readonly idle?: number | undefined;
  /** Its own absolute timeout in milliseconds; `0`: none. */
  readonly absolute?: number | undefined;
  /** Whether its cookie outlives the browser. */
  readonly persistent?: boolean | undefined;
  /** The path to which a visitor returns who was sent away to authenticate. */
  readonly returnTo?: string | undefined;
  /** When it got its id, in epoch milliseconds, where ids are rotated by age. Absent: when it was created. */
  readonly rotatedAt?: number | undefined;
  /** Who acts for the owner, and their own session. */
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

/** Letters, digits, `-` and `_`: the dots of an envelope stay what they are. */
export function encodeDetails(details: SessionDetails): string {
  return Buffer.from(JSON.stringify(details)).toString('base64url');
}

/** @returns `undefined` for what {@link encodeDetails} cannot have written. */
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

/** `details` with those of `others` in their place. @returns `undefined` where there are none. */
export function joinedDetails(
  details: SessionDetails | undefined,
  others: SessionDetails | undefined,
): SessionDetails | undefined {
  return others === undefined ? details : { ...details, ...others };
}
