/**
 * Turns a session into text and back (Ktor: `SessionSerializer`). Both methods are synchronous and free of side
 * effects. What the text looks like is the serializer's own affair; transports and storages never look into it.
 */
export interface SessionSerializer<S extends object = object> {
  /**
   * @returns the text of `session`. Two sessions of equal content give equal texts: change detection relies on it.
   * @throws {SessionUnserializableError} when `session` holds something that cannot be written.
   */
  serialize(session: S): string;

  /**
   * @param text what {@link serialize} gave earlier, perhaps from an older or newer version of the class.
   * @returns a new instance, `instanceof` the session's class.
   * @throws anything when `text` cannot be understood; the caller treats that as "no session".
   */
  deserialize(text: string): S;

  /**
   * Whether `text` was written by a newer version of the class, so that it must not be thrown away where it cannot be
   * read. Absent where versions are not told apart.
   */
  isNewer?(text: string): boolean;

  /**
   * Remembers what `session` holds now, for telling later, and faster than by its text, that nothing has changed.
   * Left out, or `undefined`, where only the text can tell.
   */
  capture?(session: S): SessionSnapshot<S> | undefined;
}

/** What a session held at one moment. */
export interface SessionSnapshot<S extends object = object> {
  /**
   * @param session the same session or another one.
   * @returns `true` only if its text is sure to be the one of that moment; `false` says nothing.
   */
  matches(session: S): boolean;
}

/**
 * A serializer whose text falls apart into top-level fields, which lets parallel changes of different fields be
 * merged and names the largest field of a session that is too large. A serializer without it is merged as one piece.
 */
export interface FieldwiseSessionSerializer<S extends object = object> extends SessionSerializer<S> {
  /** The top-level fields of a text: stored name to the field's own text, in the order of the text. */
  split(text: string): Map<string, string>;
  /** The inverse of {@link split}. */
  join(fields: ReadonlyMap<string, string>): string;
  /** The stored name of a property of the class (`@Expose({ name })` may rename it). */
  nameOf(property: string): string;
  /**
   * What the serializer keeps beside `from`, because the class has no place for it, it keeps beside `to` from now on.
   * To be called after `to` was brought up to the content of `from`, another instance. Left out where nothing is kept.
   */
  carry?(from: S, to: S): void;
}

/** Whether `serializer` can be merged field by field. */
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
