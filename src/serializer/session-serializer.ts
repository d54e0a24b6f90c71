/**
 * Turns a session into text and back (Ktor: `SessionSerializer`). Synchronous, without side effects. The format is
 * private: transports and storages do not parse it.
 */
export interface SessionSerializer<S extends object = object> {
  /**
   * Equal content must give equal text, because change detection compares texts.
   * @throws {SessionUnserializableError}
   */
  serialize(session: S): string;

  /**
   * @param text a result of {@link serialize}, possibly of another version of the class.
   * @throws any error for unreadable text; the request then starts without a session.
   */
  deserialize(text: string): S;

  /** Whether a newer version of the class wrote `text`. Such a text is kept even if unreadable. Optional. */
  isNewer?(text: string): boolean;

  /** Optional: detects an unchanged session faster than by text. `undefined` if only the text can tell. */
  capture?(session: S): SessionSnapshot<S> | undefined;
}

/** The content of a session at one moment. */
export interface SessionSnapshot<S extends object = object> {
  /** @returns `true` only if the text of `session` is certain to be unchanged. */
  matches(session: S): boolean;
}

/**
 * A serializer with top-level fields. Enables merging parallel changes by field, and naming the largest field of a
 * session that is too large.
 */
export interface FieldwiseSessionSerializer<S extends object = object> extends SessionSerializer<S> {
  /** Stored name to text of each field, in text order. */
  split(text: string): Map<string, string>;
  join(fields: ReadonlyMap<string, string>): string;
  /** The stored name of a property, such as that of `@Expose({ name })`. */
  nameOf(property: string): string;
  /** Optional: copies what the serializer keeps beside `from` to `to`, after the content was copied. */
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
