package io.compresso.evaluate;

import io.compresso.data.Dataset;
import io.compresso.data.DatasetSchema;
import io.compresso.data.Sample;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Random samples that fit a model's inputs, made as they are asked for: to try out how long
 * something takes and how much memory, not how well it does. The same each time.
 */
public final class RandomSamples implements Dataset {
  private final Graph graph;
  private final long size;
  private final DatasetSchema schema;
  private final boolean floatsOnly;

  /**
   * Samples like those of {@link ModelInputs#random}.
   *
   * @param size how many, at least 1
   * @throws GraphException if an input is no tensor or has no rank
   */
  public RandomSamples(Graph graph, long size) {
    if (size < 1) {
      throw new IllegalArgumentException("there must be at least one sample, not " + size);
    }
    this.graph = graph;
    this.size = size;
    List<DatasetSchema.Field> fields = new ArrayList<>();
    ModelInputs.random(graph, 1, 0)
        .forEach((name, tensor) ->
            fields.add(new DatasetSchema.Field(name, tensor.dtype(), tensor.shape())));
    this.schema = new DatasetSchema(fields, null);
    this.floatsOnly = fields.stream().allMatch(field -> field.dtype() == DType.FLOAT);
  }

  @Override
  public DatasetSchema schema() {
    return schema;
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public Sample get(long index) {
    if (index < 0 || index >= size) {
      throw new IndexOutOfBoundsException("sample " + index + " of " + size);
    }
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    Map<String, Tensor> others = floatsOnly ? Map.of() : ModelInputs.random(graph, 1, index);
    for (DatasetSchema.Field field : schema.fields()) {
      Tensor other = others.get(field.name());
      if (field.dtype() == DType.FLOAT) {
        tensors.put(field.name(), uniform(field.shape(), index + field.name().hashCode()));
      } else if (other != null) {
        tensors.put(field.name(), other);
      }
    }
    return new Sample(tensors, null);
  }

  /** Numbers from -1 to 1, made by a linear congruential generator: samples cost little. */
  private static Tensor uniform(Shape shape, long seed) {
    Tensor tensor = Tensor.allocateBriefly(DType.FLOAT, shape);
    long state = new SplittableRandom(seed).nextLong();
    for (long i = 0; i < tensor.size(); i++) {
      state = state * 6364136223846793005L + 1442695040888963407L;
      tensor.setFloat(i, (int) (state >> 32) * 0x1p-31f);
    }
    return tensor;
  }

  @Override
  public void close() {}
}
