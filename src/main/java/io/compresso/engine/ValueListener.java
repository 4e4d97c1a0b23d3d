package io.compresso.engine;

import io.compresso.tensor.Value;

/** Sees every value that a run computes, right after it is computed. */
@FunctionalInterface
public interface ValueListener {
  /** The value's memory may be used again after the call. */
  void onValue(String name, Value value);
}
