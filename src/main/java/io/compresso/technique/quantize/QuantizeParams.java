package io.compresso.technique.quantize;

import io.compresso.technique.Param;
import java.util.List;

/** The parameters of {@link Quantize}. */
public record QuantizeParams(
    @Param(
            value =
                "Static quantizes weights and activations with ranges from calibration data; dynamic"
                    + " quantizes the weights of matrix products, and activations as they come.",
            byDefault = "static")
        Mode mode,
    @Param("How weights are quantized.") Weights weights,
    @Param("How activations are quantized.") Activations activations,
    @Param(
            value =
                "Nodes by name that stay in floating point; auto leaves out, within the budget, those"
                    + " that hurt most until the job's goal for accuracy is met.",
            byDefault = "")
        List<String> exclude,
    @Param(value = "Operators to quantize by type; all that can be when empty.", byDefault = "")
        List<String> operators,
    @Param(
            value =
                "Form of the graph: qdq keeps the operators between QuantizeLinear and"
                    + " DequantizeLinear, qoperator uses integer operators.",
            byDefault = "qdq")
        Format format,
    @Param(
            value =
                "Whether weights keep to 7 bits so that CPUs without dot-product instructions cannot"
                    + " saturate; auto decides by the target.",
            byDefault = "auto")
        ReduceRange reduceRange) {

  /** When the ranges of activations are found. */
  public enum Mode {
    STATIC,
    DYNAMIC
  }

  /** The form of the quantized graph. */
  public enum Format {
    QDQ,
    QOPERATOR
  }

  /** Whether weights keep to 7 bits. */
  public enum ReduceRange {
    AUTO,
    ON,
    OFF
  }

  /** How a range is found from what was seen. */
  public enum ObserverKind {
    MIN_MAX,
    PERCENTILE,
    ENTROPY
  }

  /** The integer type of activations. */
  public enum ActivationType {
    UINT8,
    INT8
  }

  /** How weights are quantized: symmetric int8. */
  public record Weights(
      @Param(value = "Bits of a weight.", byDefault = "8", min = 8, max = 8) int bits,
      @Param(
              value = "One scale for each output channel instead of one for the tensor.",
              byDefault = "true")
          boolean perChannel) {}

  /** How activations are quantized. */
  public record Activations(
      @Param(value = "Bits of an activation.", byDefault = "8", min = 8, max = 8) int bits,
      @Param(value = "The integer type.", byDefault = "uint8") ActivationType type,
      @Param(value = "Whether the zero point is the middle of the type.", byDefault = "false")
          boolean symmetric,
      @Param(value = "How ranges are found in the calibration data.", byDefault = "min-max")
          ObserverKind observer,
      @Param(
              value = "For the percentile observer: percent of the values that the range holds.",
              byDefault = "99.99",
              min = 50,
              max = 100)
          double percentile) {}

  boolean isAutoExclude() {
    return exclude.contains("auto");
  }
}
