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

  /**
   * One array to write.
   *
   * @param missing what a missing value becomes; null when there is none
   * @param classes for a class label, index by name; null for numbers
   */
  record Output(
      String name,
      List<Integer> columns,
      @Nullable Double missing,
      @Nullable Map<String, Integer> classes) {

    /** Numbers of several columns. */
    static Output field(String name, List<Integer> columns, @Nullable Double missing) {
      return new Output(name, columns, missing, null);
    }

    /** Class indices of one column. */
    static Output label(String name, int column, List<String> classes) {
      Map<String, Integer> indices = new HashMap<>();
      for (int i = 0; i < classes.size(); i++) {
        indices.put(classes.get(i), i);
      }
      return new Output(name, List.of(column), null, indices);
    }

    private int classOf(String text, String where) {
      Map<String, Integer> indices = classes == null ? Map.of() : classes;
      Integer index = indices.get(text);
      if (index == null && CsvFormat.isNumber(text)) {
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

  /** The arrays, each of {@code rows} samples: floats, class indices as 32-bit integers. */
  List<ArrayData> write(CsvParser parser, long rows, List<Output> outputs) throws IOException {
    long bytesPerRow = outputs.stream().mapToLong(output -> 4L * output.columns.size()).sum();
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
          writeRow(outputs.get(i), row, streams.get(i), parser);
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
      boolean label = output.classes != null;
      int width = output.columns.size();
      arrays.add(
          ArrayData.of(
              output.name,
              label ? DType.INT32 : DType.FLOAT,
              label ? Shape.of(rows) : Shape.of(rows, width),
              spool.map(files.get(i)),
              ByteOrder.BIG_ENDIAN));
    }
    return arrays;
  }

  private static void writeRow(
      Output output, List<String> row, DataOutputStream out, CsvParser parser) throws IOException {
    for (int column : output.columns) {
      String text = row.get(column);
      if (output.classes != null) {
        out.writeInt(output.classOf(text, parser.where()));
      } else if (CsvFormat.isMissing(text) && output.missing != null) {
        out.writeFloat(output.missing.floatValue());
      } else {
        out.writeFloat((float) Double.parseDouble(text));
      }
    }
  }
}
