package io.compresso.evaluate;

import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Seeded random inputs for models of which nothing is known but their graph. */
public final class ModelInputs {
  private static final int FREE_LENGTH = 512;
  private static final int SAMPLE_RATE = 16_000;

  private ModelInputs() {}

  /**
   * A value for each required input: floats from -1 to 1; integers 0 and 1, but 1 in masks and
   * 16,000 in a rate of samples. A free length of the rows of a matrix is 512, the first other free
   * dimension is the batch, and the rest are 1.
   *
   * @throws GraphException if an input is no tensor or has no rank
   */
  public static Map<String, Tensor> random(Graph graph, int batch, long seed) {
    Map<String, Tensor> values = new LinkedHashMap<>();
    for (ValueInfo input : graph.requiredInputs()) {
      if (!(input.type() instanceof TensorType(var dtype, var dims)) || dims == null) {
        throw new GraphException("input '" + input.name() + "' is not a tensor of known rank");
      }
      SplittableRandom random = new SplittableRandom(seed + input.name().hashCode());
      Tensor tensor = Tensor.allocate(dtype, shape(dims, batch));
      for (long i = 0; i < tensor.size(); i++) {
        if (dtype.isFloat()) {
          tensor.setFloat(i, (float) (2 * random.nextDouble() - 1));
        } else if (input.name().equals("sr")) {
          tensor.setLong(i, SAMPLE_RATE);
        } else {
          tensor.setLong(i, input.name().contains("mask") ? 1 : random.nextInt(2));
        }
      }
      values.put(input.name(), tensor);
    }
    return values;
  }

  /** Whether every required input has a dimension that is free to be the batch, or has it so. */
  public static boolean takesBatch(Graph graph, int batch) {
    return graph.requiredInputs().stream()
        .allMatch(input ->
            input.type() instanceof TensorType(var _, var dims)
                && dims != null
                && (dims.isEmpty()
                    || dims.getFirst().equals(Dim.of(batch))
                    || IntStream.range(0, dims.size())
                        .anyMatch(
                            axis -> dims.get(axis).sizeOrNull() == null && !isLength(axis, dims))));
  }

  private static boolean isLength(int axis, List<Dim> dims) {
    return axis == 1 && dims.size() == 2;
  }

  private static Shape shape(List<Dim> dims, int batch) {
    long[] sizes = new long[dims.size()];
    boolean batched = false;
    for (int axis = 0; axis < sizes.length; axis++) {
      Long size = dims.get(axis).sizeOrNull();
      if (size != null) {
        sizes[axis] = size;
      } else if (isLength(axis, dims)) {
        sizes[axis] = FREE_LENGTH;
      } else {
        sizes[axis] = batched ? 1 : batch;
        batched = true;
      }
    }
    return Shape.of(sizes);
  }
}
