package io.compresso.technique.quantize;

import io.compresso.tensor.DType;
import io.compresso.tensor.QuantParams;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** The new constants of a quantized graph; small ones of equal content are one. */
final class QuantConstants {
  private record Content(DType dtype, Shape shape, ByteBuffer bytes) {}

  private final Names names;
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();
  private final Map<Content, String> shared = new HashMap<>();

  QuantConstants(Names names) {
    this.names = names;
  }

  /** The scale or scales. */
  String scale(QuantParams params) {
    return share("s", Tensor.ofFloats(shape(params), params.scales()));
  }

  /** The zero point or points. */
  String zeroPoint(QuantParams params) {
    Tensor tensor = Tensor.allocate(params.dtype(), shape(params));
    for (int i = 0; i < params.zeroPoints().length; i++) {
      tensor.setLong(i, params.zeroPoints()[i]);
    }
    return share("z", tensor);
  }

  private static Shape shape(QuantParams params) {
    return params.axis().isPresent() ? Shape.of(params.scales().length) : Shape.SCALAR;
  }

  private String share(String kind, Tensor tensor) {
    ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(tensor.byteSize()));
    bytes.put(tensor.segment().asByteBuffer()).flip();
    return shared.computeIfAbsent(
        new Content(tensor.dtype(), tensor.shape(), bytes),
        _ -> add(names.fresh(kind + shared.size(), ""), tensor));
  }

  /** Adds a constant under a name that is new. */
  String add(String name, Tensor tensor) {
    tensors.put(name, tensor);
    return name;
  }

  Map<String, Tensor> tensors() {
    return Collections.unmodifiableMap(tensors);
  }
}
