package io.compresso.technique;

import io.compresso.data.Binding.ModelInput;
import io.compresso.graph.Dim;
import io.compresso.graph.Model;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType.TensorType;
import java.util.ArrayList;
import java.util.List;

/** What a model takes, as the data layer asks for it. */
final class ModelInputs {
  private ModelInputs() {}

  /** The inputs that a run must supply, as far as they are tensors. */
  static List<ModelInput> of(Model model) {
    List<ModelInput> inputs = new ArrayList<>();
    for (ValueInfo input : model.graph().requiredInputs()) {
      if (input.type() instanceof TensorType(var dtype, var dims)) {
        inputs.add(
            new ModelInput(
                input.name(),
                dtype,
                dims == null
                    ? null
                    : dims.stream()
                        .map(dim -> dim instanceof Dim.Fixed(long size) ? size : -1L)
                        .toList()));
      }
    }
    return inputs;
  }
}
