package io.compresso.technique;

import io.compresso.tensor.Value;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** Data as a model's inputs, streamed; can be gone through more than once, in the same order. */
public interface BatchSource {
  /** The number of samples. */
  long samples();

  /**
   * Gives the inputs of one run after another to {@code consumer}.
   *
   * @throws JobStoppedException if the job was stopped in between
   */
  void forEach(Consumer consumer);

  /**
   * As {@link #forEach}, but ends when {@code more}, which is asked before each run, says no.
   *
   * @throws JobStoppedException if the job was stopped in between
   */
  default void forEachWhile(BooleanSupplier more, Consumer consumer) {
    forEach((inputs, count) -> {
      if (more.getAsBoolean()) {
        consumer.accept(inputs, count);
      }
    });
  }

  /**
   * About {@code most} samples, spread over all; this source where it has no more, or cannot leave
   * out any.
   */
  default BatchSource spread(long most) {
    return this;
  }

  /** Takes the inputs of a run. */
  @FunctionalInterface
  interface Consumer {
    /**
     * Takes one batch.
     *
     * @param inputs by the names of the model's inputs; valid during the call
     * @param count how many samples they hold
     */
    void accept(Map<String, ? extends Value> inputs, int count);
  }
}
