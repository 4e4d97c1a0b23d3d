package io.compresso.data;

import java.util.Arrays;

/** What a sample is known to be. */
public sealed interface Label {
  /** One class of several. */
  record ClassIndex(int index) implements Label {}

  /** Real-valued targets of a regression, one for each output element. */
  record Targets(float[] values) implements Label {
    @Override
    public boolean equals(Object other) {
      return other instanceof Targets(float[] v) && Arrays.equals(v, values);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(values);
    }

    @Override
    public String toString() {
      return Arrays.toString(values);
    }
  }

  /** For each class whether it is present. */
  record Classes(boolean[] present) implements Label {
    @Override
    public boolean equals(Object other) {
      return other instanceof Classes(boolean[] p) && Arrays.equals(p, present);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(present);
    }

    @Override
    public String toString() {
      return Arrays.toString(present);
    }
  }
}
