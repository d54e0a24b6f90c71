/**
 * Turns a session into text and back (Ktor: `SessionSerializer`). Both methods are synchronous and without side
 * effects. The format is private to the serializer: transports and storages do not parse it.
 */
export interface SessionSerializer<S extends object = object> {
  /**
   * @returns the text of `session`. Equal content must give equal text, because change detection compares texts.
   * @throws {SessionUnserializableError} if `session` contains an unserializable value.
   */
  serialize(session: S): string;

  /**
   * @param text a result of {@link serialize}, possibly of an older or newer version of the class.
   * @returns a new instance of the session class.
   * @throws any error for unreadable text; the caller then starts without a session.
   */
  deserialize(text: string): S;

  /**
   * Whether a newer version of the class wrote `text`. Such a text is kept even if it cannot be read. Optional: omit it
   * if versions do not differ.
   */
  isNewer?(text: string): boolean;

  /**
   * Takes a snapshot, to detect an unchanged session faster than by its text. Omit it, or return `undefined`, if only
   * the text can tell.
   */
  capture?(session: S): SessionSnapshot<S> | undefined;
}

/** The content of a session at one moment. */
export interface SessionSnapshot<S extends object = object> {
  /**
   * @param session the same session or another one.
   * @returns `true` only if its text is certain to be unchanged; `false` means unknown.
   */
  matches(session: S): boolean;
}

/**
 * A serializer whose text consists of top-level fields. Enables the merge of parallel changes by field, and names the
 * largest field of a session that is too large. Without it a session is merged as one piece.
 */
export interface FieldwiseSessionSerializer<S extends object = object> extends SessionSerializer<S> {
  /** The top-level fields of a text: stored name to the text of the field, in text order. */
  split(text: string): Map<string, string>;
  /** The inverse of {@link split}. */
  join(fields: ReadonlyMap<string, string>): string;
  /** The stored name of a property; `@Expose({ name })` may rename it. */
  nameOf(property: string): string;
  /**
   * Copies the data that the serializer keeps beside `from`, because the class has no field for it, to `to`. Called
   * after the content of `from` was copied to `to`. Omit it if nothing is kept.
   */
  carry?(from: S, to: S): void;
}

/** Whether `serializer` supports the merge by field. */
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
