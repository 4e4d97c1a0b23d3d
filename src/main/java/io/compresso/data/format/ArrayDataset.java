package io.compresso.data.format;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.Dataset;
import io.compresso.data.DatasetSchema;
import io.compresso.data.Label;
import io.compresso.data.Sample;
import io.compresso.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Samples that are the rows of arrays. */
final class ArrayDataset implements Dataset {
  private final List<Column> columns;
  private final @Nullable Labels labels;
  private final DatasetSchema schema;
  private final long size;
  private final Runnable closer;

  /**
   * @param labelCount how many labels there are
   */
  ArrayDataset(List<Column> columns, @Nullable Labels labels, long labelCount, Runnable closer) {
    this.columns = List.copyOf(columns);
    this.labels = labels;
    this.closer = closer;
    if (columns.isEmpty()) {
      throw new DataException(Code.MALFORMED, "", "the data set has labels only, no field");
    }
    Column first = columns.getFirst();
    size = first.array().count();
    for (Column column : columns) {
      if (column.array().count() != size) {
        throw new DataException(
            Code.MALFORMED,
            column.array().name(),
            "holds %d samples, %s holds %d"
                .formatted(column.array().count(), first.array().name(), size));
      }
    }
    if (labels != null && labelCount != size) {
      throw new DataException(
          Code.MALFORMED,
          labels.schema().name(),
          "there are %d labels for %d samples".formatted(labelCount, size));
    }
    if (size == 0) {
      throw new DataException(Code.MALFORMED, first.array().name(), "there are no samples");
    }
    schema =
        new DatasetSchema(
            columns.stream().map(Column::field).toList(), labels == null ? null : labels.schema());
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
    requireIndex(index);
    Map<String, Tensor> fields = new LinkedHashMap<>();
    for (Column column : columns) {
      fields.put(column.field().name(), column.tensor(index));
    }
    return new Sample(fields, label(index));
  }

  @Override
  public @Nullable Label label(long index) {
    requireIndex(index);
    return labels == null ? null : labels.at().apply(index);
  }

  private void requireIndex(long index) {
    if (index < 0 || index >= size) {
      throw new IndexOutOfBoundsException("sample " + index + " of " + size);
    }
  }

  @Override
  public void close() {
    closer.run();
  }
}
