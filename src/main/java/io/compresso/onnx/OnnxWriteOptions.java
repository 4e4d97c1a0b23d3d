package io.compresso.onnx;

/**
 * How a model is written.
 *
 * @param externalThreshold tensors of at least this many bytes go into the data file beside the
 *     model; none do when it is {@link Long#MAX_VALUE}
 */
public record OnnxWriteOptions(long externalThreshold) {
  /** Everything in one file. */
  public static final OnnxWriteOptions EMBEDDED = new OnnxWriteOptions(Long.MAX_VALUE);

  /** Tensors of 1 KiB and more beside the model. */
  public static final OnnxWriteOptions EXTERNAL = new OnnxWriteOptions(1024);
}
