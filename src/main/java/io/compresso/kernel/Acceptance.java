package io.compresso.kernel;

import java.util.Locale;
import java.util.Optional;

/**
 * Yes, or no with the reason.
 *
 * @param refusal the reason of a no
 */
public record Acceptance(Optional<String> refusal) {
  public static final Acceptance YES = new Acceptance(Optional.empty());

  public static Acceptance no(String reason) {
    return new Acceptance(Optional.of(reason));
  }

  /** Yes if {@code condition}, or else no for the reason. */
  public static Acceptance when(boolean condition, String reason) {
    return condition ? YES : no(reason);
  }

  /** As {@link #when(boolean, String)}, with a reason that is written only for a no. */
  public static Acceptance when(boolean condition, String format, Object... details) {
    return condition ? YES : no(String.format(Locale.ROOT, format, details));
  }

  public boolean accepted() {
    return refusal.isEmpty();
  }

  /** This if it is a no, or else {@code next}. */
  public Acceptance and(Acceptance next) {
    return accepted() ? next : this;
  }
}
