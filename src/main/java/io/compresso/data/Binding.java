package io.compresso.data;

import io.compresso.data.DataException.Code;
import io.compresso.data.DatasetSchema.Field;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** How the fields of a data set become the inputs of a model. */
public final class Binding {
  private final List<Bound> bounds;
  private final OptionalInt fixedBatch;

  private Binding(List<Bound> bounds, OptionalInt fixedBatch) {
    this.bounds = bounds;
    this.fixedBatch = fixedBatch;
  }

  /**
   * An input that a run must supply.
   *
   * @param dims the dimensions, -1 for one that is not fixed; null when not even the rank is known
   */
  public record ModelInput(String name, DType dtype, @Nullable List<Long> dims) {
    public ModelInput {
      dims = dims == null ? null : List.copyOf(dims);
    }

    @Override
    public String toString() {
      return "'"
          + name
          + "' "
          + dtype
          + (dims == null
              ? "[...]"
              : dims.stream()
                  .map(dim -> dim < 0 ? "?" : dim.toString())
                  .collect(Collectors.joining(", ", "[", "]")));
    }
  }

  /**
   * One input and the field that feeds it.
   *
   * @param sampleShape the shape in which a sample is given to the model
   * @param batched whether the input has a batch dimension before {@code sampleShape}
   */
  public record Bound(ModelInput input, Field field, Shape sampleShape, boolean batched) {}

  /**
   * Binds inputs to fields: by {@code fieldOf} (input name to field name), else by equal names,
   * else the only input to the only field.
   *
   * @throws DataException if an input has no field, or type or shape do not fit; it names both
   */
  public static Binding of(
      DatasetSchema schema, List<ModelInput> inputs, Map<String, String> fieldOf) {
    for (String name : fieldOf.keySet()) {
      if (inputs.stream().noneMatch(input -> input.name().equals(name))) {
        throw mismatch(
            name,
            "the model has no such input; it has "
                + inputs.stream().map(ModelInput::toString).collect(Collectors.joining(", ")));
      }
    }
    List<Bound> bounds = new ArrayList<>();
    OptionalInt fixed = OptionalInt.empty();
    for (ModelInput input : inputs) {
      Bound bound = bind(input, fieldFor(schema, inputs, input, fieldOf));
      bounds.add(bound);
      OptionalInt own = fixedBatch(bound);
      if (own.isPresent() && fixed.isPresent() && own.getAsInt() != fixed.getAsInt()) {
        throw mismatch(
            input.name(),
            "takes batches of " + own.getAsInt() + ", other inputs of " + fixed.getAsInt());
      }
      fixed = own.isPresent() ? own : fixed;
    }
    return new Binding(List.copyOf(bounds), fixed);
  }

  private static OptionalInt fixedBatch(Bound bound) {
    if (!bound.batched()) {
      return OptionalInt.of(1);
    }
    List<Long> dims = bound.input().dims();
    return dims == null || dims.getFirst() < 0
        ? OptionalInt.empty()
        : OptionalInt.of(Math.toIntExact(dims.getFirst()));
  }

  private static Field fieldFor(
      DatasetSchema schema,
      List<ModelInput> inputs,
      ModelInput input,
      Map<String, String> fieldOf) {
    String named = fieldOf.get(input.name());
    Field field = schema.field(named == null ? input.name() : named);
    if (field != null) {
      return field;
    }
    if (named != null) {
      throw mismatch(
          input.name(), "the data set has no field '" + named + "'; it has " + schema.describe());
    }
    if (inputs.size() == 1 && schema.fields().size() == 1) {
      return schema.fields().getFirst();
    }
    throw mismatch(
        input.name(),
        "no field of the data set feeds input "
            + input
            + "; it has "
            + schema.describe()
            + ". Name the fields like the inputs, or give the binding of inputs to fields");
  }

  private static Bound bind(ModelInput input, Field field) {
    if (!converts(field.dtype(), input.dtype())) {
      throw mismatch(
          input.name(),
          "input "
              + input
              + " does not take field '"
              + field.name()
              + "' of type "
              + field.dtype()
              + "; declare the field's dtype as "
              + input.dtype());
    }
    List<Long> dims = input.dims();
    if (dims == null) {
      return new Bound(input, field, field.shape(), true);
    }
    Shape shape = field.shape();
    if (!dims.isEmpty() && fits(dims.subList(1, dims.size()), shape)) {
      return new Bound(input, field, shape, requireBatch(input, dims));
    }
    if (fits(dims, shape)) {
      return new Bound(input, field, shape, false);
    }
    if (!dims.isEmpty()) {
      Shape squeezed = squeezeTo(dims.subList(1, dims.size()), shape);
      if (squeezed != null) {
        return new Bound(input, field, squeezed, requireBatch(input, dims));
      }
    }
    throw mismatch(
        input.name(),
        "input "
            + input
            + " does not take field '"
            + field.name()
            + "' of shape "
            + shape
            + " for each sample"
            + hint(dims, shape));
  }

  private static boolean requireBatch(ModelInput input, List<Long> dims) {
    if (dims.getFirst() == 0 || dims.getFirst() > 1 << 20) {
      throw mismatch(input.name(), "input " + input + " has an unusable batch dimension");
    }
    return true;
  }

  private static String hint(List<Long> dims, Shape shape) {
    if (dims.size() == 4 && shape.rank() == 3) {
      Shape swapped = Shape.of(shape.dim(2), shape.dim(0), shape.dim(1));
      if (fits(dims.subList(1, 4), swapped)) {
        return "; declare image.layout as nchw";
      }
      if (fits(dims.subList(1, 4), Shape.of(shape.dim(1), shape.dim(2), shape.dim(0)))) {
        return "; declare image.layout as nhwc";
      }
      return "; image.width, height, channels and layout say what an image becomes";
    }
    return "";
  }

  private static boolean fits(List<Long> dims, Shape shape) {
    if (dims.size() != shape.rank()) {
      return false;
    }
    for (int axis = 0; axis < shape.rank(); axis++) {
      if (dims.get(axis) >= 0 && dims.get(axis) != shape.dim(axis)) {
        return false;
      }
    }
    return true;
  }

  /** The shape with dimensions of 1 put in or left out so that it fits, or null. */
  private static @Nullable Shape squeezeTo(List<Long> dims, Shape shape) {
    long[] kept = Arrays.stream(shape.dims()).filter(dim -> dim != 1).toArray();
    long[] result = new long[dims.size()];
    int next = 0;
    for (int axis = 0; axis < result.length; axis++) {
      if (dims.get(axis) == 1) {
        result[axis] = 1;
      } else if (next < kept.length && (dims.get(axis) < 0 || dims.get(axis) == kept[next])) {
        result[axis] = kept[next++];
      } else {
        return null;
      }
    }
    return next == kept.length ? Shape.of(result) : null;
  }

  private static boolean converts(DType from, DType to) {
    if (from == to) {
      return true;
    }
    if (from.isFloat() && to.isFloat()) {
      return from.bits() >= 16 && to.bits() >= 16;
    }
    return from.isInteger()
        && to.isInteger()
        && from.bits() >= 8
        && from.minValue() >= (to.bits() == 64 ? Long.MIN_VALUE : to.minValue())
        && from.bits() < to.bits()
        && (from.isUnsigned() || to.isSigned());
  }

  private static DataException mismatch(String input, String message) {
    return new DataException(Code.BINDING, "input '" + input + "'", message);
  }

  /** The inputs and their fields, in the model's order. */
  public List<Bound> bounds() {
    return bounds;
  }

  /** The batch size that the model fixes, if it does; 1 when it has no batch dimension. */
  public OptionalInt fixedBatch() {
    return fixedBatch;
  }

  /** The batch size to use when {@code preferred} is wanted. */
  public int batchSize(int preferred) {
    return fixedBatch.orElse(preferred);
  }

  /**
   * The samples from {@code from} on, as many as {@link #batchSize} says and there are, in new
   * tensors that the garbage collector frees.
   */
  public Batch batch(Dataset dataset, long from, int preferred) {
    return fill(dataset, from, preferred, Map.of());
  }

  /**
   * Gives the samples to {@code consumer}, batch after batch.
   *
   * @param consumer must not keep the tensors: their memory is used again for the next batch
   */
  public void forEachBatch(Dataset dataset, int preferred, Consumer<Batch> consumer) {
    forEachBatch(dataset, preferred, () -> true, consumer);
  }

  /**
   * Gives samples to {@code consumer}, batch after batch, while there are some and {@code more}
   * says so, which is asked before each batch.
   *
   * @param consumer must not keep the tensors: their memory is used again for the next batch
   */
  public void forEachBatch(
      Dataset dataset, int preferred, BooleanSupplier more, Consumer<Batch> consumer) {
    Map<String, Tensor> reused = Map.of();
    int size = batchSize(preferred);
    for (long from = 0; from < dataset.size() && more.getAsBoolean(); from += size) {
      Batch batch = fill(dataset, from, preferred, reused);
      reused = batch.inputs();
      consumer.accept(batch);
    }
  }

  private Batch fill(Dataset dataset, long from, int preferred, Map<String, Tensor> reused) {
    int wanted = batchSize(preferred);
    int count = (int) Math.min(wanted, dataset.size() - from);
    if (from < 0 || count <= 0) {
      throw new IndexOutOfBoundsException("sample " + from + " of " + dataset.size());
    }
    int size = fixedBatch.isPresent() ? wanted : count;
    List<Tensor> tensors = new ArrayList<>();
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    for (Bound bound : bounds) {
      Shape shape = batchShape(bound, size);
      Tensor old = reused.get(bound.input().name());
      Tensor tensor =
          old != null && old.shape().equals(shape)
              ? old
              : Tensor.allocate(bound.input().dtype(), shape);
      tensors.add(tensor);
      inputs.put(bound.input().name(), tensor);
    }
    List<@Nullable Label> labels = new ArrayList<>();
    Sample sample = null;
    for (int i = 0; i < size; i++) {
      if (sample == null || i < count) {
        sample = dataset.get(from + i);
        labels.add(sample.label());
      }
      for (int k = 0; k < bounds.size(); k++) {
        Bound bound = bounds.get(k);
        Tensor source = sample.fields().get(bound.field().name());
        if (source == null) {
          throw new IllegalStateException("no field '" + bound.field().name() + "' in a sample");
        }
        copy(source, tensors.get(k), i * bound.sampleShape().size());
      }
    }
    return new Batch(inputs, labels, from, count, size);
  }

  private static Shape batchShape(Bound bound, int size) {
    if (!bound.batched()) {
      return bound.sampleShape();
    }
    long[] sample = bound.sampleShape().dims();
    long[] dims = new long[sample.length + 1];
    dims[0] = size;
    System.arraycopy(sample, 0, dims, 1, sample.length);
    return Shape.of(dims);
  }

  private static void copy(Tensor from, Tensor to, long offset) {
    long count = from.size();
    DType type = to.dtype();
    if (type == DType.STRING) {
      for (long i = 0; i < count; i++) {
        to.setString(offset + i, from.getString(i));
      }
    } else if (from.dtype() == type && type.bits() >= 8) {
      long bytes = type.bytes(count);
      to.segment().asSlice(type.bytes(offset), bytes).copyFrom(from.segment());
    } else if (type.isInteger()) {
      for (long i = 0; i < count; i++) {
        to.setLong(offset + i, from.getLong(i));
      }
    } else {
      for (long i = 0; i < count; i++) {
        to.setDouble(offset + i, from.getDouble(i));
      }
    }
  }
}
