package io.compresso.technique;

import io.compresso.data.Binding.ModelInput;
import io.compresso.evaluate.Runner;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A runner that counts the infinities and NaNs in what it is given. */
final class FiniteInputs implements Runner {
  private final Runner runner;
  private final Map<String, Long> notFinite = new LinkedHashMap<>();

  FiniteInputs(Runner runner) {
    this.runner = runner;
  }

  @Override
  public String runtime() {
    return runner.runtime();
  }

  @Override
  public List<ModelInput> inputs() {
    return runner.inputs();
  }

  @Override
  public List<String> outputs() {
    return runner.outputs();
  }

  @Override
  public Map<String, Value> run(Map<String, ? extends Value> inputs) {
    inputs.forEach((name, value) -> {
      if (value instanceof Tensor tensor && tensor.dtype() == DType.FLOAT) {
        long count = 0;
        for (float element : tensor.toFloats()) {
          count += Float.isFinite(element) ? 0 : 1;
        }
        if (count > 0) {
          notFinite.merge(name, count, Long::sum);
        }
      }
    });
    return runner.run(inputs);
  }

  /** A line for each input that held some. */
  List<String> notes() {
    return notFinite.entrySet().stream()
        .map(entry ->
            "data.eval: input '%s' holds %d elements that are infinite or NaN"
                .formatted(entry.getKey(), entry.getValue()))
        .toList();
  }

  /** Leaves the runner open: it is the caller's. */
  @Override
  public void close() {}
}
