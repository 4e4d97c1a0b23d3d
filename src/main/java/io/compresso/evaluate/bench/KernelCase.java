package io.compresso.evaluate.bench;

import io.compresso.kernel.CpuFeatures;
import io.compresso.tensor.DType;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * One problem, our ways to solve it and the peer's. Of each side the fastest way counts.
 *
 * @param list the list that the shape comes from
 * @param shape the sizes, for people
 * @param peerDtype what the peer computes in
 * @param ours our ways, for instance a layout each
 * @param peers the peer's ways
 * @param roof the least time that the hardware needs
 */
public record KernelCase(
    ShapeList list, String shape, DType peerDtype, List<Own> ours, List<Peer> peers, Roof roof) {

  /** One of our ways. */
  public interface Own {
    /** Makes it ready; empty when no kernel but the scalar reference takes it, uncapped. */
    Optional<Contender> open(CpuFeatures cpu, int threads);
  }

  /** One of the peer's ways. */
  public interface Peer {
    /**
     * Makes it ready.
     *
     * @throws io.compresso.evaluate.PeerException if the peer does not take it
     */
    Contender open(int threads);
  }

  /**
   * How the rows name a type: {@code f32}, {@code f16}, {@code bf16}, {@code int8}, {@code int4}.
   */
  public static String name(DType dtype) {
    return switch (dtype) {
      case FLOAT -> "f32";
      case FLOAT16 -> "f16";
      case BFLOAT16 -> "bf16";
      case UINT8, INT8 -> "int8";
      case UINT4, INT4 -> "int4";
      default -> dtype.toString().toLowerCase(Locale.ROOT);
    };
  }
}
