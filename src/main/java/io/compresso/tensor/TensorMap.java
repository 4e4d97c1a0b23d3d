package io.compresso.tensor;

import java.util.Arrays;

/**
 * An ONNX map.
 *
 * @param keys a vector of integers or strings, each once
 * @param values a vector of what they stand for, in the same order
 */
public record TensorMap(Tensor keys, Tensor values) implements Value {
  public TensorMap {
    if (keys.shape().rank() != 1 || !keys.shape().equals(values.shape())) {
      throw new IllegalArgumentException(
          "keys " + keys + " and values " + values + " are not vectors of one length");
    }
  }

  /** Where the value of {@code key} is in {@link #values}; -1 without it. */
  public int indexOf(long key) {
    for (int i = 0; keys.dtype() != DType.STRING && i < keys.size(); i++) {
      if (keys.getLong(i) == key) {
        return i;
      }
    }
    return -1;
  }

  /** As {@link #indexOf(long)}, of a key in UTF-8. */
  public int indexOf(byte[] key) {
    for (int i = 0; keys.dtype() == DType.STRING && i < keys.size(); i++) {
      if (Arrays.equals(keys.getString(i), key)) {
        return i;
      }
    }
    return -1;
  }
}
