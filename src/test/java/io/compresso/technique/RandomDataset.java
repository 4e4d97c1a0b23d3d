package io.compresso.technique;

import io.compresso.data.Dataset;
import io.compresso.data.DatasetSchema;
import io.compresso.data.Sample;
import io.compresso.graph.Dim;
import io.compresso.graph.Model;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Random samples of a model's inputs: normal numbers, small whole numbers; the same each time. */
class RandomDataset implements Dataset {
  private final DatasetSchema schema;
  private final long size;

  RandomDataset(Model model, long size) {
    List<DatasetSchema.Field> fields = new ArrayList<>();
    for (ValueInfo input : model.graph().requiredInputs()) {
      if (input.type() instanceof TensorType(DType dtype, List<Dim> dims) && dims != null) {
        long[] sizes =
            dims.stream().mapToLong(dim -> dim instanceof Dim.Fixed(long n) ? n : 1).toArray();
        Shape shape = Shape.of(sizes);
        fields.add(new DatasetSchema.Field(input.name(), dtype, shape));
      }
    }
    this.schema = new DatasetSchema(fields, null);
    this.size = size;
  }

  @Override
  public DatasetSchema schema() {
    return schema;
  }

  @Override
  public long size() {
    return size;
  }

  /** Sample {@code index}; tests may override it. */
  @Override
  public Sample get(long index) {
    SplittableRandom random = new SplittableRandom(index);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (DatasetSchema.Field field : schema.fields()) {
      Tensor tensor = Tensor.allocate(field.dtype(), field.shape());
      for (long i = 0; i < tensor.size(); i++) {
        if (field.dtype().isFloat()) {
          tensor.setDouble(i, random.nextGaussian());
        } else {
          tensor.setLong(i, random.nextInt(2));
        }
      }
      tensors.put(field.name(), tensor);
    }
    return new Sample(tensors, null);
  }

  @Override
  public void close() {}
}
