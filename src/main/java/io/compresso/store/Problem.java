package io.compresso.store;

import org.jspecify.annotations.Nullable;

/**
 * What went wrong, as clients read it (the members of RFC 9457 that the service adds) and as a
 * failed job stores it.
 *
 * @param code stable name in kebab case, for programs
 * @param message one sentence for people, which names what is wrong
 * @param field JSON pointer of the request's member to blame
 * @param node label of the model's node to blame
 * @param hint what to do about it
 * @param retryable whether the same request may succeed later
 */
public record Problem(
    String code,
    String message,
    @Nullable String field,
    @Nullable String node,
    @Nullable String hint,
    boolean retryable) {
  public static Problem of(String code, String message) {
    return new Problem(code, message, null, null, null, false);
  }

  public Problem atField(String pointer) {
    return new Problem(code, message, pointer, node, hint, retryable);
  }

  public Problem atNode(@Nullable String label) {
    return new Problem(code, message, field, label, hint, retryable);
  }

  public Problem withHint(@Nullable String text) {
    return new Problem(code, message, field, node, text, retryable);
  }

  public Problem asRetryable() {
    return new Problem(code, message, field, node, hint, true);
  }
}
