package io.compresso.technique;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which techniques to try on a model, the one to try first in front, and what they may give.
 *
 * @param target the CPU that the advice is for
 * @param notes what the figures rest on, and what stands in the way
 */
public record Advice(
    String target, Profile profile, List<Recommendation> recommendations, List<String> notes) {
  /** What a model spends most of its arithmetic on. */
  public enum Kind {
    /** Convolutions whose filters read all channels of their group. */
    CONVOLUTIONAL,
    /** Convolutions of which most are depthwise, as in MobileNet. */
    DEPTHWISE,
    /** Matrix products around attention. */
    TRANSFORMER,
    /** LSTM, GRU, RNN. */
    RECURRENT,
    /** Matrix products with constant weights, without attention. */
    DENSE,
    /** Nothing that any technique makes faster. */
    OTHER
  }

  /**
   * What is in a model.
   *
   * @param parameters elements of its weights
   * @param weightBytes what they take
   * @param macs multiply-accumulates of one inference
   * @param shares the part of the multiply-accumulates that each kind of work has
   * @param quantized whether it is quantized already
   */
  public record Profile(
      Kind kind,
      long parameters,
      long weightBytes,
      long macs,
      Map<String, Double> shares,
      boolean quantized) {}

  /**
   * One technique to try.
   *
   * @param step an element of a job's pipeline
   * @param reasons why, and why not before those in front of it
   * @param needs what is missing for it; empty when a job can be submitted now
   * @param expected an estimate; null when there is no ground for one
   */
  public record Recommendation(
      String title,
      Map<String, Object> step,
      List<String> reasons,
      List<String> needs,
      @Nullable Expectation expected) {}

  /**
   * What is expected, before anything is measured.
   *
   * @param sizeRatio size of the result / size of the parent
   * @param speedup time of the parent / time of the result, one inference in our engine
   */
  public record Expectation(double sizeRatio, double speedup) {}
}
