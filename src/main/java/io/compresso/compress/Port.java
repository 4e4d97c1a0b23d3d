package io.compresso.compress;

import java.util.List;

/**
 * A named tensor that a model takes or gives, or that a data set supplies.
 *
 * @param dtype element type in ONNX's spelling, for example {@code float32}
 * @param shape one entry for each dimension: a number, a symbol, or {@code ?}
 */
public record Port(String name, String dtype, List<String> shape) {
  public Port {
    shape = List.copyOf(shape);
  }
}
