package io.compresso.data.format;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.DataLimits;
import io.compresso.data.archive.Spool;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Writes the columns of text as arrays of numbers into temporary files. */
final class CsvWriter {
  private final Spool spool;
  private final DataLimits limits;
  private final String name;

  CsvWriter(Spool spool, DataLimits limits, String name) {
    this.spool = spool;
    this.limits = limits;
    this.name = name;
  }

  /** Writes what a row has for an array. */
  @FunctionalInterface
  private interface RowWriter {
    /**
     * @param where names the row in messages
     */
    void write(List<String> row, String where, DataOutputStream out) throws IOException;
  }

  /**
   * One array to write.
   *
   * @param sampleShape the shape of what is written for each row
   */
  record Output(String name, DType dtype, Shape sampleShape, RowWriter writer) {
    /**
     * Numbers of several columns.
     *
     * @param missing what a missing value becomes; null when there is none
     */
    static Output field(String name, List<Integer> columns, @Nullable Double missing) {
      return new Output(
          name,
          DType.FLOAT,
          Shape.of(columns.size()),
          (row, _, out) -> {
            for (int column : columns) {
              String text = row.get(column);
              out.writeFloat(
                  CsvValue.isMissing(text) && missing != null
                      ? missing.floatValue()
                      : (float) Double.parseDouble(text));
            }
          });
    }

    /** Class indices of one column. */
    static Output label(String name, int column, List<String> classes) {
      Map<String, Integer> indices = new HashMap<>();
      for (int i = 0; i < classes.size(); i++) {
        indices.put(classes.get(i), i);
      }
      return new Output(
          name,
          DType.INT32,
          Shape.of(),
          (row, where, out) -> out.writeInt(classOf(indices, row.get(column), where)));
    }

    /** Numbers made of one column's text. */
    static Output text(String name, int column, int length, Function<String, long[]> numbers) {
      return new Output(
          name,
          DType.INT64,
          Shape.of(length),
          (row, _, out) -> {
            for (long number : numbers.apply(row.get(column))) {
              out.writeLong(number);
            }
          });
    }

    private long rowBytes() {
      return dtype.bytes(sampleShape.size());
    }

    private static int classOf(Map<String, Integer> indices, String text, String where) {
      Integer index = indices.get(text);
      if (index == null && CsvValue.isNumber(text)) {
        double number = Double.parseDouble(text);
        index = indices.get(Long.toString((long) number));
        if (index == null && number == Math.rint(number)) {
          index = number >= 0 && number < indices.size() ? (int) number : null;
        }
      }
      if (index == null) {
        throw new DataException(
            Code.MALFORMED, where, "the label '" + text + "' is none of the declared classes");
      }
      return index;
    }
  }

  /** The arrays, each of {@code rows} samples. */
  List<ArrayData> write(CsvParser parser, long rows, List<Output> outputs) throws IOException {
    long bytesPerRow = outputs.stream().mapToLong(Output::rowBytes).sum();
    if (rows > limits.maxTotalBytes() / bytesPerRow) {
      throw new DataException(
          Code.LIMIT_EXCEEDED,
          name,
          rows
              + " rows of "
              + bytesPerRow
              + " bytes are over the limit of "
              + limits.maxTotalBytes()
              + " bytes");
    }
    List<Path> files = new ArrayList<>();
    List<DataOutputStream> streams = new ArrayList<>();
    try {
      for (int i = 0; i < outputs.size(); i++) {
        Path file = spool.newFile();
        files.add(file);
        streams.add(
            new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)));
      }
      for (List<String> row = parser.next(); row != null; row = parser.next()) {
        for (int i = 0; i < outputs.size(); i++) {
          outputs.get(i).writer.write(row, parser.where(), streams.get(i));
        }
      }
    } finally {
      for (DataOutputStream stream : streams) {
        stream.close();
      }
    }
    List<ArrayData> arrays = new ArrayList<>();
    for (int i = 0; i < outputs.size(); i++) {
      Output output = outputs.get(i);
      arrays.add(
          ArrayData.of(
              output.name,
              output.dtype,
              output.sampleShape.rank() == 0
                  ? Shape.of(rows)
                  : Shape.of(rows, output.sampleShape.dim(0)),
              spool.map(files.get(i)),
              ByteOrder.BIG_ENDIAN));
    }
    return arrays;
  }
}
