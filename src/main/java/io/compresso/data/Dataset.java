package io.compresso.data;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Samples by index, read from where they lie each time: the memory that a data set takes does not
 * grow with its tensors. Safe for use by several threads at once. After {@link #close()} no sample
 * may be read; tensors already given stay valid.
 */
public interface Dataset extends AutoCloseable {
  DatasetSchema schema();

  /** The number of samples. */
  long size();

  /**
   * Sample {@code index}.
   *
   * @throws IndexOutOfBoundsException if there is no such sample
   * @throws DataException if the sample's bytes are not what their format says
   */
  Sample get(long index);

  /** The label of sample {@code index} without its tensors; null when there are no labels. */
  default @Nullable Label label(long index) {
    return schema().label() == null ? null : get(index).label();
  }

  /** Which file or entry the sample comes from, for messages. */
  default String describe(long index) {
    return "sample " + index;
  }

  /**
   * The samples that {@code selection} picks, in its order. The view reads from this data set and
   * need not be closed.
   *
   * @throws DataException if the selection asks for classes and there are none, or picks nothing
   */
  default Dataset select(Selection selection) {
    return DatasetView.of(this, selection);
  }

  /** How many samples each class has, by class name; empty unless labels are class indices. */
  default Map<String, Long> classHistogram() {
    DatasetSchema.LabelSchema label = schema().label();
    if (label == null || label.kind() != LabelKind.CLASS) {
      return Map.of();
    }
    long[] counts = new long[label.size()];
    for (long i = 0; i < size(); i++) {
      if (label(i) instanceof Label.ClassIndex(int index)) {
        counts[index]++;
      }
    }
    Map<String, Long> histogram = new LinkedHashMap<>();
    for (int i = 0; i < counts.length; i++) {
      histogram.merge(
          i < label.classNames().size() ? label.classNames().get(i) : Integer.toString(i),
          counts[i],
          Long::sum);
    }
    return histogram;
  }

  @Override
  void close();
}
