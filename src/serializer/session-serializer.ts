/** A session as text (Ktor: `SessionSerializer`). Synchronous, without side effects. */
export interface SessionSerializer<S extends object = object> {
  /**
   * Equal content gives equal text.
   * @throws {SessionUnserializableError}
   */
  serialize(session: S): string;

  /**
   * @param text possibly of another version of the class.
   * @throws any error if unreadable: there is no session then.
   */
  deserialize(text: string): S;

  /** Optional. The text of a newer version is kept even if unreadable. */
  isNewer?(text: string): boolean;

  /** Optional. `undefined` if only the text can tell. */
  capture?(session: S): SessionSnapshot<S> | undefined;
}

export interface SessionSnapshot<S extends object = object> {
  /** @returns `true` only if certain. */
  matches(session: S): boolean;
}

/** Splits a text into fields, to merge parallel changes and to name the largest field. */
export interface FieldwiseSessionSerializer<S extends object = object> extends SessionSerializer<S> {
  /** Texts by stored name, in order. */
  split(text: string): Map<string, string>;
  join(fields: ReadonlyMap<string, string>): string;
  /** Such as that of `@Expose({ name })`. */
  nameOf(property: string): string;
  /** Optional: copies content beside the instance. */
  carry?(from: S, to: S): void;
}

export function isFieldwise<S extends object>(
  serializer: SessionSerializer<S>,
): serializer is FieldwiseSessionSerializer<S> {
  const candidate = serializer as Partial<FieldwiseSessionSerializer<S>>;
  return (
    typeof candidate.split === 'function' &&
    typeof candidate.join === 'function' &&
    typeof candidate.nameOf === 'function'
  );
}
