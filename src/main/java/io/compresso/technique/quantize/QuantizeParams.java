package io.compresso.technique.quantize;

import io.compresso.graph.Node;
import io.compresso.kernel.CpuFeatures;
import io.compresso.technique.Param;
import io.compresso.tensor.DType;
import java.util.List;

/** The parameters of {@link Quantize}. */
public record QuantizeParams(
    @Param(
            value =
                "Static quantizes weights and activations with ranges from calibration data; dynamic"
                    + " quantizes the weights of matrix products, and activations as they come;"
                    + " fp16 and bf16 compute in half precision where the values fit it.",
            byDefault = "static")
        Mode mode,
    @Param(
            value =
                "A runtime whose settings take the place of activations.type, activations.symmetric,"
                    + " weights.perChannel and reduceRange: fbgemm (x86: uint8, asymmetric, per"
                    + " channel, 7-bit weights), qnnpack (ARM: uint8, asymmetric, per tensor, 8-bit"
                    + " weights), onnxruntime (uint8, asymmetric, per channel, by the target);"
                    + " custom leaves them.",
            byDefault = "custom")
        Backend backend,
    @Param("How weights are quantized.") Weights weights,
    @Param("How activations are quantized.") Activations activations,
    @Param(
            value =
                "Nodes by name that stay in floating point; auto raises, within the budget, the layers"
                    + " that hurt most until the job's goal for accuracy is met: in static mode to"
                    + " 16-bit activations first, then to floating point.",
            byDefault = "")
        List<String> exclude,
    @Param(
            value = "Layers to quantize by operator, as in Conv; all that can be when empty.",
            byDefault = "")
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
        ReduceRange reduceRange,
    @Param("How a model becomes half precision, for fp16 and bf16.") Half half) {

  /** When the ranges of activations are found. */
  public enum Mode {
    STATIC,
    DYNAMIC,
    WEIGHT_ONLY,
    FP16,
    BF16;

    boolean isHalf() {
      return this == FP16 || this == BF16;
    }
  }

  /** The type of a half-precision model's float inputs and outputs. */
  public enum HalfEnds {
    FP32,
    HALF
  }

  /** How a model becomes half precision. */
  public record Half(
      @Param(
              value = "The type of the model's float inputs and outputs: as they are, or half.",
              byDefault = "fp32")
          HalfEnds io,
      @Param(
              value =
                  "Layers stay in fp32 when they alone, in half precision, leave the outputs a signal"
                      + " to noise ratio below this, in dB.",
              byDefault = "35",
              min = 0,
              max = 200)
          double minSqnrDb) {}

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
    MOVING_AVERAGE,
    PERCENTILE,
    ENTROPY,
    MSE
  }

  /** Where outlier channels are moved into weights. */
  public enum Smoothing {
    OFF,
    FOLD,
    ALL
  }

  /** The integer type of activations. */
  public enum ActivationType {
    UINT8,
    INT8
  }

  /** How weights are rounded to integers. */
  public enum RoundingKind {
    NEAREST,
    ADAROUND,
    GPTQ
  }

  /** How weights are quantized. */
  public record Weights(
      @Param(
              value = "Bits of a weight: 8, or 4 in weight-only mode.",
              byDefault = "8",
              min = 4,
              max = 8)
          int bits,
      @Param(
              value = "One scale for each output channel instead of one for the tensor.",
              byDefault = "true")
          boolean perChannel,
      @Param(value = "How the range of the weights is found.", byDefault = "mse")
          ObserverKind observer,
      @Param(
              value = "For the percentile observer: percent of the weights that the range holds.",
              byDefault = "99.99",
              min = 50,
              max = 100)
          double percentile,
      @Param(
              value =
                  "Whether ranges of channels are evened out between layers first, where that"
                      + " changes nothing.",
              byDefault = "false")
          boolean equalize,
      @Param(
              value = "Whether biases make up for the mean error that rounding the weights causes.",
              byDefault = "true")
          boolean correctBias,
      @Param(
              value =
                  "How weights are rounded: adaround and gptq use calibration data to keep the"
                      + " layers' outputs.",
              byDefault = "nearest")
          RoundingKind rounding,
      @Param(
              value =
                  "For gptq: the share of the mean energy of the inputs that is added to each for"
                      + " stability.",
              byDefault = "0.01",
              min = 0.000001,
              max = 1)
          double damping,
      @Param(
              value = "For gptq: whether inputs of large energy are rounded first.",
              byDefault = "true")
          boolean actOrder,
      @Param(
              value =
                  "In weight-only mode: weights of a row that share a scale, 16, 32, 64, 128 or 256; 0"
                      + " for all.",
              byDefault = "32",
              min = 0,
              max = 256)
          int block,
      @Param(
              value = "In weight-only mode: whether zero points are the middle of the integers.",
              byDefault = "false")
          boolean symmetric,
      @Param(
              value =
                  "In weight-only mode: bits of the tables that rows are looked up in: 8 with a scale"
                      + " for each row, or 4 in blocks, which the format qoperator dequantizes row by"
                      + " row.",
              byDefault = "8",
              min = 4,
              max = 8)
          int embeddingBits) {}

  /** How activations are quantized. */
  public record Activations(
      @Param(
              value =
                  "Bits of an activation: 8, or 16 (exact, but computed in floats on most CPUs).",
              byDefault = "8",
              min = 8,
              max = 16)
          int bits,
      @Param(value = "The integer type.", byDefault = "uint8") ActivationType type,
      @Param(value = "Whether the zero point is the middle of the type.", byDefault = "false")
          boolean symmetric,
      @Param(value = "How ranges are found in the calibration data.", byDefault = "mse")
          ObserverKind observer,
      @Param(
              value = "For the percentile observer: percent of the values that the range holds.",
              byDefault = "99.99",
              min = 50,
              max = 100)
          double percentile,
      @Param(
              value =
                  "Whether outlier channels of layers' inputs move into their weights (SmoothQuant; of"
                      + " convolutions only with perChannel):"
                      + " fold where the operator before takes it, which costs nothing at run time,"
                      + " all with a multiplication where it does not.",
              byDefault = "fold")
          Smoothing smooth,
      @Param(
              value = "For smooth: how much of the activations' size moves to the weights.",
              byDefault = "0.5",
              min = 0,
              max = 1)
          double alpha) {}

  /** The one element of {@link #exclude} that is no node's name. */
  static final String AUTO = "auto";

  boolean isAutoExclude() {
    return exclude.contains(AUTO);
  }

  /** Whether the job lets the node be quantized. */
  boolean allows(Node node) {
    return (operators.isEmpty() || !QuantPlanner.isLayer(node) || operators.contains(node.opType()))
        && exclude.stream().noneMatch(name -> matches(node, name));
  }

  /** Whether {@code name} means the node: its name, or the value that it computes. */
  static boolean matches(Node node, String name) {
    return name.equals(node.label()) || node.outputs().contains(name);
  }

  DType activationType() {
    return activations.type() == ActivationType.UINT8 ? DType.UINT8 : DType.INT8;
  }

  /** Whether weights keep to 7 bits for the target. */
  boolean reducesRange(String target) {
    return switch (reduceRange) {
      case ON -> true;
      case OFF -> false;
      case AUTO ->
          switch (target) {
            case "x86-64", "x86-avx2", "x86-avx512" -> true;
            case "auto" -> hostSaturates();
            default -> false;
          };
    };
  }

  /** Whether this CPU multiplies bytes by pairs into 16 bits, for want of a dot product. */
  private static boolean hostSaturates() {
    CpuFeatures host = CpuFeatures.host();
    return host.architecture().equals("x86")
        && host.flags().stream()
            .noneMatch(flag -> flag.equals("avx_vnni") || flag.equals("avx512_vnni"));
  }

  /** Whether the integers of activations begin where zero is when nothing is negative. */
  boolean fusesRelu() {
    return !activations.symmetric();
  }
}
