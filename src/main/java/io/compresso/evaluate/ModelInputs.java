package io.compresso.evaluate;

import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
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
    return random(specs(graph, batch), seed);
  }

  /** Values as those of {@link #random(Graph, int, long)}, of the given types and shapes. */
  public static Map<String, Tensor> random(Map<String, TensorSpec> specs, long seed) {
    Map<String, Tensor> values = new LinkedHashMap<>();
    specs.forEach((name, spec) -> {
      DType dtype = spec.dtype();
      SplittableRandom random = new SplittableRandom(seed + name.hashCode());
      Tensor tensor = Tensor.allocate(dtype, spec.shape());
      for (long i = 0; i < tensor.size(); i++) {
        if (dtype.isFloat()) {
          tensor.setFloat(i, (float) (2 * random.nextDouble() - 1));
        } else if (name.equals("sr")) {
          tensor.setLong(i, SAMPLE_RATE);
        } else {
          tensor.setLong(i, name.contains("mask") ? 1 : random.nextInt(2));
        }
      }
      values.put(name, tensor);
    });
    return values;
  }

  /**
   * The types and shapes of the values that {@link #random(Graph, int, long)} gives.
   *
   * @throws GraphException if an input is no tensor or has no rank
   */
  public static Map<String, TensorSpec> specs(Graph graph, int batch) {
    Map<String, TensorSpec> specs = new LinkedHashMap<>();
    for (ValueInfo input : graph.requiredInputs()) {
      if (!(input.type() instanceof TensorType(var dtype, var dims)) || dims == null) {
        throw new GraphException("input '" + input.name() + "' is not a tensor of known rank");
      }
      specs.put(input.name(), new TensorSpec(dtype, shape(dims, batch)));
    }
    return specs;
  }

  /**
   * The size of the batch that {@link #random} gives inputs for when asked for one: that which the
   * graph fixes, as its first input's first dimension, or else the one asked for.
   */
  public static int batchOf(Graph graph, int asked) {
    List<ValueInfo> inputs = graph.requiredInputs();
    if (inputs.stream().anyMatch(ModelInputs::isBatchFree)) {
      return asked;
    }
    return inputs.stream()
        .map(ModelInputs::dims)
        .filter(dims -> !dims.isEmpty())
        .findFirst()
        .map(dims -> dims.getFirst().sizeOrNull())
        .filter(size -> size >= 1 && size <= Integer.MAX_VALUE)
        .map(Long::intValue)
        .orElse(1);
  }

  /**
   * Whether the graph can be run on batches of that size: each on 1, which stands for the size that
   * the graph fixes, if it does; on others where every input has a dimension that is free to be the
   * batch, or has it so.
   */
  public static boolean takesBatch(Graph graph, int batch) {
    return batch == 1
        || batchOf(graph, batch) == batch
            && graph.requiredInputs().stream()
                .allMatch(input ->
                    dims(input).isEmpty()
                        || dims(input).getFirst().equals(Dim.of(batch))
                        || isBatchFree(input));
  }

  private static boolean isBatchFree(ValueInfo input) {
    List<Dim> dims = dims(input);
    return IntStream.range(0, dims.size())
        .anyMatch(axis -> dims.get(axis).sizeOrNull() == null && !isLength(axis, dims));
  }

  /** The dimensions of a tensor; none where they are not known. */
  private static List<Dim> dims(ValueInfo input) {
    return input.type() instanceof TensorType(var _, var dims) && dims != null ? dims : List.of();
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
