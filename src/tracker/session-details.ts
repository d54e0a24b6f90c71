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
}

type Check = (value: unknown) => boolean;

const isMoment: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const CHECKS: Readonly<Record<keyof SessionDetails, Check>> = {
  authenticatedAt: isMoment,
  methods: (value) => typeof value === 'object' && value !== null && Object.values(value).every(isMoment),
  idle: isMoment,
  absolute: isMoment,
  persistent: (value) => typeof value === 'boolean',
  returnTo: (value) => typeof value === 'string',
  rotatedAt: isMoment,
};

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
  if (typeof details !== 'object' || details === null || Array.isArray(details)) return undefined;
  const known = Object.entries(CHECKS).every(([name, check]) => {
    const value = (details as Record<string, unknown>)[name];
    return value === undefined || check(value);
  });
  return known ? details : undefined;
}

/** `details` with those of `others` in their place. @returns `undefined` where there are none. */
export function joinedDetails(
  details: SessionDetails | undefined,
  others: SessionDetails | undefined,
): SessionDetails | undefined {
  return others === undefined ? details : { ...details, ...others };
}
