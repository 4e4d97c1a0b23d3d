package io.compresso.compress;

import java.util.List;
import java.util.Map;

/**
 * What a model is, without its weights.
 *
 * @param opsets versions of operator sets by domain; ONNX's own domain is {@code ai.onnx}
 * @param operators number of nodes by operator type
 * @param parameters elements of all initializers
 * @param weightBytes bytes of all initializers
 */
public record ModelSummary(
    long irVersion,
    Map<String, Integer> opsets,
    String producer,
    String producerVersion,
    List<Port> inputs,
    List<Port> outputs,
    Map<String, Long> operators,
    long parameters,
    long weightBytes) {}
