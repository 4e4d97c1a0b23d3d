package io.compresso.evaluate;

import io.compresso.evaluate.models.Networks;
import io.compresso.graph.Model;
import io.compresso.onnx.OnnxCodec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Well-known networks with seeded random weights, so that latency is compared without downloads.
 */
public final class BenchNetworks {
  private BenchNetworks() {}

  /** The names: {@code resnet-50}, {@code bert-base} and so on. */
  public static List<String> names() {
    return Networks.names();
  }

  /**
   * Writes a network.
   *
   * @throws IllegalArgumentException if there is none of that name
   */
  public static void write(String name, Path file) throws IOException {
    OnnxCodec.write(Networks.of(name).build(), file);
  }

  /** The network of that name on small images or short sequences. */
  public static Model small(String name) {
    return Networks.of(name).small();
  }
}
