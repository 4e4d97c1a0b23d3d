package io.compresso.data;

import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What every sample of a data set looks like.
 *
 * @param label null when the samples have no labels
 */
public record DatasetSchema(List<Field> fields, @Nullable LabelSchema label) {
  public DatasetSchema {
    fields = List.copyOf(fields);
  }

  /**
   * A named tensor of each sample.
   *
   * @param shape the shape without a batch dimension
   */
  public record Field(String name, DType dtype, Shape shape) {
    @Override
    public String toString() {
      return name + " " + dtype + shape;
    }
  }

  /**
   * The labels.
   *
   * @param name where they come from: a column, a field, a folder
   * @param size the number of classes, or of regression targets
   * @param classNames the classes' names by index; empty for regression
   */
  public record LabelSchema(LabelKind kind, String name, int size, List<String> classNames) {
    public LabelSchema {
      classNames = List.copyOf(classNames);
    }
  }

  /** The field of that name, or null. */
  public @Nullable Field field(String name) {
    for (Field field : fields) {
      if (field.name().equals(name)) {
        return field;
      }
    }
    return null;
  }

  /** The fields as text, for messages. */
  public String describe() {
    return fields.stream().map(Field::toString).collect(Collectors.joining(", "));
  }
}
